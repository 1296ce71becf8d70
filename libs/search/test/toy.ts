import assert from 'node:assert/strict';
import type { InputShape, SearchSpace } from '@nss/space';
import type { SearchRun } from '../src/index.ts';

const stage = { depth: { min: 1, max: 4 }, width: { min: 1, max: 16 }, depthBinSize: 2, widthBinSize: 4 };

/** Two stages, 2 depth bins and 4 width bins each. */
export const toySpace: SearchSpace = {
  stemWidth: 4,
  stages: [
    { stride: 1, ...stage },
    { stride: 2, ...stage },
  ],
};

export const toyInput: InputShape = { height: 8, width: 8, channels: 3, classes: 10 };

/** 20 iterations, 6 of them warmup, on images that exist only as a number. */
export const toyRun: Omit<SearchRun, 'trainer'> = {
  space: toySpace,
  input: toyInput,
  targetMultiplyAdds: 200_000,
  settings: {
    weights: { epochs: 5, batchSize: 16, warmupFraction: 0.3, sgd: { learningRate: 0.05, finalLearningRate: 0.001 } },
    theta: {
      adam: { learningRate: 0.1, beta1: 0.5, beta2: 0.999, weightDecay: 1e-3 },
      estimator: 'gumbel-softmax',
      architecturesPerStep: 8,
      initialTemperature: 5,
      finalTemperature: 0.001,
      lambda: 1,
      finalLambda: 1,
    },
  },
  images: 70,
  seed: 3,
};

export const near = (actual: number, expected: number, tolerance: number) =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not within ${tolerance} of ${expected}`);
