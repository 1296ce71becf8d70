import { Worker } from 'node:worker_threads';
import { type Batch, type BatchSource, type Split, trainingBatch } from './batch.ts';
import type { BatchRequest, FeedLine, FeedOptions } from './feed-thread.ts';

/** The batches of one training, made by a thread of their own before they are asked for. */
export type Feed = {
  /**
   * What `trainingBatch` gives. It is there already if it was to be expected: in its split, as many iterations on as the last two were
   * apart. Another one is made at once. A batch stays as it is until the next one of its split is asked for.
   */
  batch(split: Split, iteration: number): Batch;
  /** Ends the thread. */
  close(): Promise<void>;
};

/** A batch takes the thread a few milliseconds. One that has not come after this time is made by who waits for it. */
const LATE_MS = 10_000;

/**
 * Starts the thread; batches that are asked for before it is up are made at once. It holds two batches of every split, and reads images
 * that lie in shared memory where they are; others it gets a copy of.
 *
 * @param onLost called once, should the thread end by itself; every batch is then made when it is asked for.
 */
export function startFeed(source: BatchSource, onLost: (error: Error) => void): Feed {
  const { train, mean, std, batchSize, augmentation, seed } = source;
  const lines = { all: lineOf(source), weights: lineOf(source), theta: lineOf(source) };
  const workerData: FeedOptions = { source: { train, mean, std, batchSize, augmentation, seed }, lines };
  const worker = new Worker(new URL('./feed-thread.ts', import.meta.url), { name: 'feed', workerData });
  let over = false;
  const lose = (what: string, cause?: unknown) => {
    if (over) return;
    over = true;
    onLost(new Error(`the thread that makes batches ${what}`, { cause }));
  };
  worker.on('error', (error) => lose(`died: ${error instanceof Error ? error.message : error}`, error));
  worker.on('exit', (code) => lose(`ended with code ${code}`));

  const orders = { all: startOrder(), weights: startOrder(), theta: startOrder() };
  return {
    batch(split, iteration) {
      const order = orders[split];
      const batch = (!over && expectedBatch(lines[split], order, iteration)) || trainingBatch(source, split, iteration);
      if (!over) worker.postMessage(orderNext(order, split, iteration));
      return batch;
    },
    async close() {
      over = true;
      await worker.terminate();
    },
  };
}

/** What was ordered of a split. */
type Order = {
  /** How many batches. */
  count: number;
  /** The last one's iteration, and the buffer that it goes to; the other one is in use. */
  iteration: number;
  buffer: 0 | 1;
  /** The iteration that was asked for last. */
  asked: number;
  /** Whether one was waited for in vain, and it is still not there. */
  late: boolean;
};

const startOrder = (): Order => ({ count: 0, iteration: Number.NaN, buffer: 0, asked: Number.NaN, late: false });

/** The batch that was ordered, if it is this one; its buffer is then in use. */
function expectedBatch({ buffers, made }: FeedLine, order: Order, iteration: number): Batch | undefined {
  // A thread that has made nothing yet may be far from being up.
  if (order.iteration !== iteration || Atomics.load(made, 0) === 0) return undefined;
  for (let count = Atomics.load(made, 0); count < order.count; count = Atomics.load(made, 0)) {
    order.late ||= Atomics.wait(made, 0, count, LATE_MS) === 'timed-out';
    if (order.late) return undefined;
  }
  order.late = false;
  const batch = buffers[order.buffer];
  order.buffer = order.buffer === 0 ? 1 : 0;
  return batch;
}

/** Orders the batch after that of `iteration`. What was ordered in vain has the same buffer and is made before. */
function orderNext(order: Order, split: Split, iteration: number): BatchRequest {
  const stride = iteration - order.asked;
  order.asked = iteration;
  order.iteration = iteration + (stride > 0 ? stride : 1);
  order.count++;
  return { split, iteration: order.iteration, buffer: order.buffer };
}

function lineOf({ train: { height, width }, batchSize }: BatchSource): FeedLine {
  const shared = (values: number) => new SharedArrayBuffer(4 * values);
  const buffer = (): Batch => ({
    images: new Float32Array(shared(batchSize * height * width * 3)),
    labels: new Int32Array(shared(batchSize)),
  });
  return { buffers: [buffer(), buffer()], made: new Int32Array(shared(1)) };
}
