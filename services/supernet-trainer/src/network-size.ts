import { totalmem } from 'node:os';
import { architectureParameters } from '@nss/cost';
import { type InputShape, largestArchitecture, type SearchSpace, wholeSpace } from '@nss/space';

/** A super network that does not fit into the memory of this machine. */
export class NetworkTooLarge extends Error {
  override readonly name = 'NetworkTooLarge';
}

/** Of a trained number: itself, its momentum, its gradient; and the first two again while a checkpoint is written. */
const BYTES_OF_A_PARAMETER = 5 * 4;

/**
 * Throws NetworkTooLarge for a search space whose weights alone would need more memory than there is: trying would end this process, and
 * any other trainer's that has no more. What activations need is not counted.
 */
export function checkFits(space: SearchSpace, input: InputShape, bytes = memoryBytes()): void {
  const parameters = architectureParameters(space, input, largestArchitecture(wholeSpace(space)));
  const needed = parameters * BYTES_OF_A_PARAMETER;
  if (needed <= bytes) return;
  const gib = (count: number) => `${(count / 2 ** 30).toFixed(1)} GiB`;
  throw new NetworkTooLarge(
    `the ${parameters.toLocaleString('en-US')} parameters of the search space need ${gib(needed)}, and the trainer has ${gib(bytes)} of memory; search among smaller widths and depths`,
  );
}

/** Of the machine, or of the container where that has less. */
function memoryBytes(): number {
  return Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);
}
