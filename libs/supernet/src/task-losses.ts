import type { Architecture } from '@nss/space';
import type { Kernels } from '@nss/tensor';
import type { SuperNetwork } from './network.ts';
import { prefixTree } from './prefix-tree.ts';
import type { Batch } from './steps.ts';
import { crossEntropy, walk } from './walk.ts';

/**
 * Mean cross entropy, in nats, of each sub-network on one batch, as a weight step would find it before its update: every BatchNorm takes the
 * batch's statistics. No weight changes. What the architectures share is computed once; the results are those of each alone, bit for bit.
 */
export function taskLosses(
  kernels: Kernels,
  network: SuperNetwork,
  batch: Batch,
  architectures: readonly Architecture[],
): number[] {
  const { classes } = network.input;
  const losses = architectures.map(() => 0);
  walk(kernels, network, prefixTree(architectures), batch, {}, (ends, logits) => {
    let sum = 0;
    for (const [i, label] of batch.labels.entries()) {
      sum += crossEntropy(logits.subarray(i * classes, (i + 1) * classes), label);
    }
    for (const end of ends) losses[end] = sum / batch.labels.length;
  });
  return losses;
}
