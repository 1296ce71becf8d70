import type { Architecture } from '@nss/space';
import { type BatchNormStatistics, type Kernels, Tape } from '@nss/tensor';
import type { SuperNetwork } from './network.ts';
import type { Batch } from './steps.ts';

export type EvaluationResult = {
  /** Percent of the images classified wrongly. */
  readonly errorPercent: number;
  /** Mean cross entropy in nats. */
  readonly loss: number;
};

/**
 * Error of one sub-network on held-out images, with BatchNorm statistics recomputed for it on training images (method section 5).
 * The calibration images go through as one batch, so that each layer's statistics are exact for it.
 */
export function evaluateArchitecture(
  kernels: Kernels,
  network: SuperNetwork,
  architecture: Architecture,
  calibration: Batch,
  heldOut: readonly Batch[],
): EvaluationResult {
  const statistics: BatchNormStatistics[] = [];
  try {
    logitsOf(kernels, network, architecture, calibration, { collectStatistics: statistics });
    let [wrong, loss, images] = [0, 0, 0];
    for (const batch of heldOut) {
      const logits = logitsOf(kernels, network, architecture, batch, { fixedStatistics: statistics });
      for (const [i, label] of batch.labels.entries()) {
        const row = logits.subarray(i * network.input.classes, (i + 1) * network.input.classes);
        if (indexOfLargest(row) !== label) wrong++;
        loss += crossEntropy(row, label);
      }
      images += batch.labels.length;
    }
    return { errorPercent: (100 * wrong) / images, loss: loss / images };
  } finally {
    for (const { mean, variance } of statistics) {
      kernels.free(mean);
      kernels.free(variance);
    }
  }
}

function logitsOf(
  kernels: Kernels,
  network: SuperNetwork,
  architecture: Architecture,
  { images, labels }: Batch,
  mode: { collectStatistics?: BatchNormStatistics[]; fixedStatistics?: BatchNormStatistics[] },
): Float32Array {
  const { height, width, channels } = network.input;
  const tape = new Tape(kernels, { gradients: false, ...mode });
  try {
    const x = tape.constant(kernels.fromArray(images, [labels.length, height, width, channels]));
    return tape.read(network.subNetwork(tape, x, architecture));
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
