import { type InputShape, randomOf, type SearchSpace, type StageMixture } from '@nss/space';
import { type Engine, openEngine } from '@nss/tensor';
import type { Batch } from '../src/index.ts';

export const space: SearchSpace = {
  stemWidth: 4,
  stages: [1, 2].map((stride) => ({
    stride,
    depth: { min: 1, max: 3 },
    width: { min: 1, max: 8 },
    depthBinSize: 1,
    widthBinSize: 4,
  })),
};

export const input: InputShape = { height: 8, width: 8, channels: 3, classes: 4 };

/** The best engine of this machine, one thread. */
export const engine: Engine = await openEngine({ threads: 1 });

export function randomBatch(size: number, seed = 0): Batch {
  const random = randomOf(seed, 'batch');
  return {
    images: Float32Array.from(
      { length: size * input.height * input.width * input.channels },
      () => random.uniform() - 0.5,
    ),
    labels: Int32Array.from({ length: size }, (_, i) => i % input.classes),
  };
}

/** One width and depth per bin with uneven weights. */
export const mixtures: StageMixture[] = [
  { depths: [1, 2, 3], depthWeights: [0.2, 0.5, 0.3], widths: [3, 6], widthWeights: [0.4, 0.6] },
  { depths: [1, 3], depthWeights: [0.7, 0.3], widths: [2, 8], widthWeights: [0.9, 0.1] },
];
