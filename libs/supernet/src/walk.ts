import { type BatchNormStatistics, type Kernels, Tape, type Value } from '@nss/tensor';
import type { SuperNetwork } from './network.ts';
import type { Branch } from './prefix-tree.ts';
import type { Batch } from './steps.ts';

/** Computes every block of the tree once, always in the same order, and tells the logits of the architectures that end with it. */
export function walk(
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

/** Cross entropy in nats of one image's logits. */
export function crossEntropy(logits: Float32Array, label: number): number {
  const largest = Math.max(...logits);
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - largest);
  return Math.log(sum) + largest - logits[label];
}
