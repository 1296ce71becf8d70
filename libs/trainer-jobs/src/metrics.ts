import { distributionCost } from '@nss/cost';
import { instrumentsOf } from '@nss/runtime';
import { type BinValues, entropyOf, probabilitiesOf } from '@nss/search';
import type { InputShape, SearchSpace } from '@nss/space';

/** The metrics of searches. */
export const SEARCH_METRICS = {
  entropy: {
    name: 'nss.search.theta.entropy',
    kind: 'gauge',
    unit: 'nat',
    description:
      'Entropy of theta of each search that runs, by `nss.tenant` and `nss.job`: it falls as the search decides.',
  },
  deviation: {
    name: 'nss.search.cost.deviation',
    kind: 'gauge',
    unit: '1',
    description:
      'Mean cost under theta over the target, minus 1, of each search that runs, by `nss.tenant` and `nss.job`.',
  },
} as const;

const searchMetrics = instrumentsOf('@nss/trainer-jobs', SEARCH_METRICS);

/** Shows how far a search is, from its latest logits, until what this gives is called. */
export function observeSearch(
  { name, tenant }: { name: string; tenant: string },
  { space, input, targetMultiplyAdds }: { space: SearchSpace; input: InputShape; targetMultiplyAdds: number },
  logits: () => BinValues | undefined,
): () => void {
  const attributes = { 'nss.job': name, 'nss.tenant': tenant };
  const probabilities = () => {
    const latest = logits();
    return latest && probabilitiesOf(latest);
  };
  const forgetEntropy = searchMetrics.entropy.observe((observe) => {
    const theta = probabilities();
    if (theta) observe(entropyOf(theta), attributes);
  });
  const forgetDeviation = searchMetrics.deviation.observe((observe) => {
    const theta = probabilities();
    if (theta) observe(distributionCost(space, input, theta).mean / targetMultiplyAdds - 1, attributes);
  });
  return () => {
    forgetEntropy();
    forgetDeviation();
  };
}
