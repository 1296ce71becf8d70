import type { Kernels, Variable } from '@nss/tensor';
import { valuesOf } from './checkpoint.ts';
import type { SuperNetwork } from './network.ts';

/** Checkpoints of one network, added up one by one: memory does not grow with their number. */
export type CheckpointSum = {
  /** Adds a checkpoint `samples` times; throws CheckpointError, and the sum is of no use then. */
  add(chunks: AsyncIterable<Uint8Array>, samples: number): Promise<void>;
  /** Replaces weights and velocities of the network by the mean of what was added; at least one checkpoint was. */
  assignMean(kernels: Kernels): void;
};

/**
 * The mean of weights and velocities by samples. Sums are float64 and rounded to float32 once: the mean of one checkpoint, or of equal ones
 * by samples that add up to less than 2^29, is that checkpoint, bit for bit.
 *
 * What a checkpoint has not trained, blocks and channels that none of its sub-networks used, counts like everything else: it is what all of them
 * began with, and the mean holds what the others learnt there back by its share.
 */
export function checkpointSum(network: SuperNetwork): CheckpointSum {
  const sums = new Map<Variable, Float64Array>();
  let total = 0;
  return {
    async add(chunks, samples) {
      for await (const { variable, data } of valuesOf(network, chunks)) {
        const sum = sums.get(variable) ?? new Float64Array(data.length);
        for (let i = 0; i < data.length; i++) sum[i] += samples * data[i];
        sums.set(variable, sum);
      }
      total += samples;
    },
    assignMean(kernels) {
      for (const [variable, sum] of sums) {
        const mean = new Float32Array(sum.length);
        for (let i = 0; i < mean.length; i++) mean[i] = sum[i] / total;
        kernels.assign(variable, mean);
      }
    },
  };
}
