import type { Architecture } from '@nss/space';
import { type BatchNormStatistics, type Kernels, Tape } from '@nss/tensor';
import type { SuperNetwork } from './network.ts';
import type { Batch } from './steps.ts';

/** A tensor outside the engine, row-major. */
export type NamedTensor = { readonly name: string; readonly shape: readonly number[]; readonly data: Float32Array };

/**
 * Every tensor that computing with one sub-network takes: the network's parameters cut to it, under their names, and beside each
 * BatchNorm's `<name>.scale` and `<name>.offset` its `<name>.mean` and `<name>.variance`, recomputed on training images as
 * `evaluateArchitectures` does.
 */
export function extractNetwork(
  kernels: Kernels,
  network: SuperNetwork,
  architecture: Architecture,
  calibration: Batch,
): NamedTensor[] {
  const { height, width, channels } = network.input;
  const statistics: BatchNormStatistics[] = [];
  const tensors: NamedTensor[] = [];
  const batchNorms: string[] = [];
  const tape = new Tape(kernels, { gradients: false, collectStatistics: statistics });
  try {
    const images = kernels.fromArray(calibration.images, [calibration.labels.length, height, width, channels]);
    network.subNetwork(tape, tape.constant(images), architecture, ({ name }, value) => {
      // Read at once: the tape drops what the next block does not need.
      tensors.push({ name, shape: value.shape, data: tape.read(value) });
      if (name.endsWith('.scale')) batchNorms.push(name.slice(0, -'.scale'.length));
    });
    for (const [i, name] of batchNorms.entries()) {
      const { mean, variance } = statistics[i];
      tensors.push(
        { name: `${name}.mean`, shape: mean.shape, data: kernels.read(mean) },
        { name: `${name}.variance`, shape: variance.shape, data: kernels.read(variance) },
      );
    }
    return tensors;
  } finally {
    tape.close();
    for (const { mean, variance } of statistics) {
      kernels.free(mean);
      kernels.free(variance);
    }
  }
}
