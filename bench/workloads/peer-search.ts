import { presetOf } from '@nss/campaign';

const { search } = presetOf('small');

/**
 * Settings of a whole search that the peer knows too: the estimator of the paper, one weight of the cost throughout, and a theta learning rate at which
 * theta settles within these epochs.
 */
export const peerSearch = {
  weights: { ...search.weights, epochs: 10, warmupFraction: 0.3 },
  theta: {
    ...search.theta,
    adam: { learningRate: 0.08, beta1: 0.5, beta2: 0.999, weightDecay: 0 },
    estimator: 'gumbel-softmax',
    lambda: 3,
    finalLambda: 3,
  },
  targetMultiplyAdds: 8e6,
} as const;
