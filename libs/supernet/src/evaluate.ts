import type { Architecture } from '@nss/space';
import { type BatchNormStatistics, type Kernels, Tape, type Value } from '@nss/tensor';
import type { SuperNetwork } from './network.ts';
import { type Branch, prefixTree } from './prefix-tree.ts';
import type { Batch } from './steps.ts';

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
 * the calibration and a held-out batch, and 24 bytes of statistics for each channel of each block of the tree.
 */
export function evaluateArchitectures(
  kernels: Kernels,
  network: SuperNetwork,
  architectures: readonly Architecture[],
  calibration: Batch,
  heldOut: readonly Batch[],
): EvaluationResult[] {
  const tree = prefixTree(architectures);
  const statistics: BatchNormStatistics[] = [];
  const sums = architectures.map(() => ({ wrong: 0, loss: 0 }));
  try {
    walk(kernels, network, tree, calibration, { collectStatistics: statistics });
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
    }
  } finally {
    for (const { mean, variance } of statistics) {
      kernels.free(mean);
      kernels.free(variance);
    }
  }
  const images = heldOut.reduce((count, { labels }) => count + labels.length, 0);
  return sums.map(({ wrong, loss }) => ({ errorPercent: (100 * wrong) / images, loss: loss / images }));
}

/** Computes every block of the tree once, always in the same order, and tells the logits of the architectures that end with it. */
function walk(
  kernels: Kernels,
  network: SuperNetwork,
  tree: ReadonlyMap<number, Branch>,
  { images, labels }: Batch,
  mode: { collectStatistics?: BatchNormStatistics[]; fixedStatistics?: BatchNormStatistics[] },
  onEnd?: (architectures: readonly number[], logits: Float32Array) => void,
): void {
  const { height, width, channels } = network.input;
  const tape = new Tape(kernels, { gradients: false, ...mode });
  /** `kept`: what branches that come later start from. */
  const visit = (branches: readonly Branch[], x: Value, kept: readonly Value[]) => {
    for (const [i, { stage, block, width, ends, next, deeper }] of branches.entries()) {
      const keptHere = i < branches.length - 1 ? [...kept, x] : kept;
      const y = network.blockOutput(tape, x, stage, block, width);
      if (onEnd && ends.length > 0) onEnd(ends, tape.read(network.logits(tape, y)));
      tape.release(...keptHere, y);
      visit(deeper ? [...next.values(), deeper] : [...next.values()], y, keptHere);
    }
  };
  try {
    const x = tape.constant(kernels.fromArray(images, [labels.length, height, width, channels]));
    visit([...tree.values()], network.stemOutput(tape, x), []);
  } finally {
    tape.close();
  }
}

function indexOfLargest(row: Float32Array): number {
  let best = 0;
  for (let i = 1; i < row.length; i++) if (row[i] > row[best]) best = i;
  return best;
}

function crossEntropy(logits: Float32Array, label: number): number {
  const largest = Math.max(...logits);
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - largest);
  return Math.log(sum) + largest - logits[label];
}
