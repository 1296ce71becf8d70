import { type Bus, CHECKPOINTS, openObjects } from '@nss/bus';
import { Checkpoint } from '@nss/contracts';
import { dataLoss, failedPrecondition } from '@nss/rpc';

/** Stored weights. */
export type CheckpointStore = {
  /** Stores whole or not at all. */
  save(checkpointId: string, chunks: readonly Uint8Array[]): Promise<Checkpoint>;
  /** Throws FAILED_PRECONDITION when there is none of that name, DATA_LOSS when it is not the one that was saved. */
  load(checkpoint: Checkpoint): Promise<Uint8Array[]>;
};

export async function openCheckpoints(bus: Bus): Promise<CheckpointStore> {
  const objects = await openObjects(bus, CHECKPOINTS);
  return {
    async save(checkpointId, chunks) {
      const { digest, bytes } = await objects.putStream(checkpointId, asyncOf(chunks));
      return Checkpoint.create({ checkpointId, digest, bytes });
    },
    async load({ checkpointId, digest }) {
      const info = await objects.info(checkpointId);
      const stream = info && (await objects.getStream(checkpointId));
      if (!info || !stream) {
        throw failedPrecondition(`the checkpoint ${checkpointId} is not in the store`, {
          reason: 'CHECKPOINT_MISSING',
        });
      }
      if (digest !== '' && info.digest !== digest) {
        const message = `the checkpoint ${checkpointId} is not the one that was saved: expected ${digest}, found ${info.digest}`;
        throw dataLoss(message, { reason: 'CHECKPOINT_CHANGED' });
      }
      const chunks: Uint8Array[] = [];
      for await (const chunk of stream) chunks.push(chunk);
      return chunks;
    },
  };
}

/** Chunks as a store takes them. */
export async function* asyncOf<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}
