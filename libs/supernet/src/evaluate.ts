import type { Architecture } from '@nss/space';
import type { BatchNormStatistics, Kernels } from '@nss/tensor';
import type { SuperNetwork } from './network.ts';
import { prefixTree } from './prefix-tree.ts';
import type { Batch } from './steps.ts';
import { crossEntropy, walk } from './walk.ts';

export type EvaluationResult = {
  /** Percent of the images classified wrongly. */
  readonly errorPercent: number;
  /** Mean cross entropy in nats. */
  readonly loss: number;
};

/**
 * Errors of sub-networks on held-out images, each with BatchNorm statistics recomputed for it on training images (method section 5):
 * one result an architecture, in their order. The calibration images go through as one batch, so that each layer's statistics are
 * exact for it.
 *
 * What architectures share is computed once: they are walked as a tree of blocks, first by the calibration images, then by each
 * held-out batch. The same kernels run on the same numbers as for each architecture alone, so the results are the same, bit for bit.
 * The walk goes depth-first and into a stage's deeper block last, so that one activation a stage is resident: besides a block's
 * working set, memory holds `4 images (stem + sum of the widths, each times its stage's pixels)` bytes, images being the larger one of
 * the calibration and a held-out batch, and 8 bytes of statistics for each channel of each BatchNorm of the tree.
 *
 * @param heldOut asked for one by one, so that not all of them need be in memory.
 * @param onBatch called when the calibration images, and each held-out batch, have gone through.
 */
export function evaluateArchitectures(
  kernels: Kernels,
  network: SuperNetwork,
  architectures: readonly Architecture[],
  calibration: Batch,
  heldOut: Iterable<Batch>,
  onBatch: () => void = () => {},
): EvaluationResult[] {
  const tree = prefixTree(architectures);
  const statistics: BatchNormStatistics[] = [];
  const sums = architectures.map(() => ({ wrong: 0, loss: 0 }));
  let images = 0;
  try {
    walk(kernels, network, tree, calibration, { collectStatistics: statistics });
    onBatch();
    for (const batch of heldOut) {
      walk(kernels, network, tree, batch, { fixedStatistics: statistics }, (ends, logits) => {
        for (const [i, label] of batch.labels.entries()) {
          const row = logits.subarray(i * network.input.classes, (i + 1) * network.input.classes);
          const [wrong, loss] = [indexOfLargest(row) === label ? 0 : 1, crossEntropy(row, label)];
          for (const end of ends) {
            sums[end].wrong += wrong;
            sums[end].loss += loss;
          }
        }
      });
      images += batch.labels.length;
      onBatch();
    }
  } finally {
    for (const { mean, variance } of statistics) {
      kernels.free(mean);
      kernels.free(variance);
    }
  }
  return sums.map(({ wrong, loss }) => ({ errorPercent: (100 * wrong) / images, loss: loss / images }));
}

function indexOfLargest(row: Float32Array): number {
  let best = 0;
  for (let i = 1; i < row.length; i++) if (row[i] > row[best]) best = i;
  return best;
}
