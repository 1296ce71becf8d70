import { parentPort, workerData } from 'node:worker_threads';
import { type Batch, type BatchSource, drawNextOrder, type Split, trainingBatch } from './batch.ts';

/*
 * The thread that makes the batches of one training, in the order in which they are ordered, into memory that it shares with who uses them.
 */

/** Where the batches of a split go. */
export type FeedLine = {
  readonly buffers: readonly [Batch, Batch];
  /** How many were made, `[1]`. */
  readonly made: Int32Array;
};

export type FeedOptions = { readonly source: BatchSource; readonly lines: Readonly<Record<Split, FeedLine>> };

/** Orders the batch of an iteration. */
export type BatchRequest = { readonly split: Split; readonly iteration: number; readonly buffer: 0 | 1 };

const { source, lines } = workerData as FeedOptions;

parentPort?.on('message', ({ split, iteration, buffer }: BatchRequest) => {
  const { buffers, made } = lines[split];
  trainingBatch(source, split, iteration, buffers[buffer]);
  Atomics.add(made, 0, 1);
  Atomics.notify(made, 0);
  // In the time that nobody waits for: the first batch of an epoch must not.
  drawNextOrder(source, split, iteration);
});
