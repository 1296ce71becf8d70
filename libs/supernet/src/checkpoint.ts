import type { Kernels, Variable } from '@nss/tensor';
import type { SuperNetwork } from './network.ts';

/** A checkpoint that cannot be loaded: damaged, or of another network. */
export class CheckpointError extends Error {
  override readonly name = 'CheckpointError';
}

const MAGIC = 'NSSW';
const VERSION = 1;

/**
 * Weights and momentum of a network as bytes: `NSSW`, then a uint32 version, then for each parameter, in the network's order, its
 * number of weights (uint32), its weights and its velocities (float32), all little-endian. One chunk a parameter, so that no copy of the
 * whole is ever made.
 */
export function* writeCheckpoint(kernels: Kernels, network: SuperNetwork): Generator<Uint8Array> {
  const header = new Uint8Array(8);
  header.set(new TextEncoder().encode(MAGIC));
  new DataView(header.buffer).setUint32(4, VERSION, true);
  yield header;
  for (const { weights, velocity } of network.parameters) {
    const [w, v] = [weights, velocity].map((variable) => {
      const tensor = kernels.readVariable(variable);
      try {
        return kernels.read(tensor);
      } finally {
        kernels.free(tensor);
      }
    });
    const chunk = new Uint8Array(4 + 4 * (w.length + v.length));
    new DataView(chunk.buffer).setUint32(0, w.length, true);
    chunk.set(new Uint8Array(w.buffer, w.byteOffset, w.byteLength), 4);
    chunk.set(new Uint8Array(v.buffer, v.byteOffset, v.byteLength), 4 + w.byteLength);
    yield chunk;
  }
}

/** Reads what `writeCheckpoint` wrote, whatever the chunks it comes in. Throws CheckpointError and then leaves the network undefined. */
export async function readCheckpoint(
  kernels: Kernels,
  network: SuperNetwork,
  chunks: AsyncIterable<Uint8Array>,
): Promise<void> {
  for await (const { variable, data } of valuesOf(network, chunks)) kernels.assign(variable, data);
}

/** What a checkpoint has for each variable of a network: weights and velocity of each parameter, in the network's order. */
export async function* valuesOf(
  network: SuperNetwork,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<{ readonly variable: Variable; readonly data: Float32Array }> {
  const reader = byteReader(chunks);
  const header = await reader.take(8);
  const version = new DataView(header.buffer).getUint32(4, true);
  if (new TextDecoder().decode(header.subarray(0, 4)) !== MAGIC || version !== VERSION) {
    throw new CheckpointError(`this is no checkpoint of version ${VERSION}`);
  }
  for (const { name, weights, velocity } of network.parameters) {
    const size = weights.shape.reduce((product, n) => product * n, 1);
    const found = new DataView((await reader.take(4)).buffer).getUint32(0, true);
    if (found !== size) {
      throw new CheckpointError(`the checkpoint is of another network: ${name} has ${size} weights, found ${found}`);
    }
    for (const variable of [weights, velocity]) {
      yield { variable, data: new Float32Array((await reader.take(4 * size)).buffer) };
    }
  }
  if (!(await reader.atEnd())) throw new CheckpointError('the checkpoint is of another network: it is longer');
}

function byteReader(chunks: AsyncIterable<Uint8Array>) {
  const iterator = chunks[Symbol.asyncIterator]();
  let left: Uint8Array = new Uint8Array(0);
  return {
    async take(size: number): Promise<Uint8Array<ArrayBuffer>> {
      const result = new Uint8Array(size);
      let filled = 0;
      while (filled < size) {
        if (left.length === 0) {
          const next = await iterator.next();
          if (next.done) throw new CheckpointError(`the checkpoint is cut short: ${size - filled} bytes missing`);
          left = next.value;
        }
        const part = left.subarray(0, size - filled);
        result.set(part, filled);
        filled += part.length;
        left = left.subarray(part.length);
      }
      return result;
    },
    async atEnd(): Promise<boolean> {
      return left.length === 0 && (await iterator.next()).done === true;
    },
  };
}
