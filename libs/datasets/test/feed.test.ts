import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { type Batch, type BatchSource, type Feed, type Split, startFeed, trainingBatch } from '../src/index.ts';

/** 40 images whose every byte is known; batches of 8, so that an epoch of a half is two and a half batches long. */
const side = 6;
const source: BatchSource = {
  train: {
    images: Uint8Array.from({ length: 40 * side * side * 3 }, (_, i) => 1 + ((i * 37) % 255)),
    labels: Uint8Array.from({ length: 40 }, (_, i) => i % 10),
    count: 40,
    height: side,
    width: side,
  },
  mean: [0.4, 0.5, 0.6],
  std: [0.2, 0.3, 0.25],
  batchSize: 8,
  augmentation: { padding: 2, flip: true },
  seed: 7,
};

/** A feed, its thread, and what the feed says of the thread's end. */
async function withFeed(
  of: BatchSource,
  use: (feed: Feed, thread: Worker, lost: Promise<Error>) => unknown,
): Promise<void> {
  const started = Promise.withResolvers<Worker>();
  process.once('worker', started.resolve);
  const lost = Promise.withResolvers<Error>();
  const feed = startFeed(of, lost.resolve);
  try {
    await use(feed, await started.promise, lost.promise);
  } finally {
    await feed.close();
  }
}

/** Takes batches until the thread is up, and with it all of the split that were expected; gives the iteration after them. */
async function untilAhead({ batch }: Feed, split: Split): Promise<number> {
  for (let iteration = 0; ; iteration++) {
    if (isShared(batch(split, iteration))) return iteration + 1;
    await setImmediate();
  }
}

const isShared = ({ images }: Batch) => images.buffer instanceof SharedArrayBuffer;
const assertSame = (found: Batch, expected: Batch, what: string) => {
  assert.deepEqual([...found.labels], [...expected.labels], what);
  assert.deepEqual([...found.images], [...expected.images], what);
};

test('batches that were made ahead are those made when asked for, of every split, over epochs and back and forth', () =>
  withFeed(source, async (feed) => {
    const splits = ['theta', 'weights', 'all'] as const;
    const next = new Map<Split, number>();
    for (const split of splits) next.set(split, await untilAhead(feed, split));
    for (let i = 0; i < 30; i++) {
      for (const split of splits) {
        const iteration = (next.get(split) ?? 0) + i;
        const found = feed.batch(split, iteration);
        assertSame(found, trainingBatch(source, split, iteration), `${split} ${iteration}`);
        assert.ok(isShared(found), `${split} ${iteration} was expected`);
      }
    }
  }));

test('a batch that nobody could expect is made at once, and those after it are ahead again, also at another pace', () =>
  withFeed(source, async (feed) => {
    await untilAhead(feed, 'weights');
    const take = (iteration: number) => {
      const found = feed.batch('weights', iteration);
      assertSame(found, trainingBatch(source, 'weights', iteration), `${iteration}`);
      return isShared(found);
    };
    // A session goes back to its checkpoint, and begins there.
    assert.deepEqual([take(1_000_000), take(2), take(3), take(4)], [false, false, true, true]);
    // One of several trainers that share a round.
    assert.deepEqual([take(10), take(14), take(18), take(22)], [false, false, true, true]);
    // The same again.
    assert.deepEqual([take(22), take(23)], [false, true]);
  }));

test('before the thread is up, batches are made at once', () =>
  withFeed(source, ({ batch }) => {
    for (const iteration of [0, 1, 2]) {
      assertSame(batch('all', iteration), trainingBatch(source, 'all', iteration), `${iteration}`);
    }
  }));

test('a batch stays as it is until the next one of its split is asked for, and two buffers a split are all there are', () =>
  withFeed(source, async (feed) => {
    const first = { weights: await untilAhead(feed, 'weights'), theta: await untilAhead(feed, 'theta') };
    const buffers = new Set<ArrayBufferLike>();
    for (let i = 0; i < 20; i++) {
      const inUse = feed.batch('weights', first.weights + i);
      buffers.add(inUse.images.buffer).add(inUse.labels.buffer);
      // What is ordered later is made later: the next batch of the weights is there by now, in the other buffer.
      assert.ok(isShared(feed.batch('theta', first.theta + 2 * i)) || i > 0);
      assert.ok(isShared(feed.batch('theta', first.theta + 2 * i + 1)));
      assertSame(inUse, trainingBatch(source, 'weights', first.weights + i), `${i}`);
    }
    assert.equal(buffers.size, 4);
  }));

test('images in shared memory are read where they are', () => {
  const images = new Uint8Array(new SharedArrayBuffer(source.train.images.length));
  const shared = { ...source, train: { ...source.train, images } };
  return withFeed(shared, async (feed) => {
    const iteration = await untilAhead(feed, 'all');
    images.fill(255);
    // This one may have been made before; the next one is ordered now.
    feed.batch('all', iteration);
    const found = feed.batch('all', iteration + 1);
    assert.ok(isShared(found));
    assertSame(found, trainingBatch(shared, 'all', iteration + 1), 'filled');
  });
});

test('feeds that follow each other leave no memory behind', async () => {
  const megabytes = 32;
  const train = { ...source.train, images: new Uint8Array(megabytes * 2 ** 20) };
  const use = (seed: number) => withFeed({ ...source, train, seed }, (feed) => untilAhead(feed, 'all'));
  await use(0);
  const before = process.memoryUsage().rss;
  for (let seed = 1; seed <= 6; seed++) await use(seed);
  const grown = (process.memoryUsage().rss - before) / 2 ** 20;
  assert.ok(grown < 3 * megabytes, `six threads with ${megabytes} MB of images each left ${grown} MB`);
});

test('a thread that dies is an error that says what it died of, and batches are still made', () =>
  withFeed(source, async ({ batch }, thread, lost) => {
    thread.postMessage({ split: 'none' });
    const error = await lost;
    assert.match(error.message, /^the thread that makes batches died: .*undefined/);
    assert.ok(error.cause instanceof Error);
    for (const iteration of [0, 1, 2]) {
      assertSame(batch('all', iteration), trainingBatch(source, 'all', iteration), `${iteration}`);
    }
  }));

test('a thread that just ends is an error too, and a feed that is closed is none', async () => {
  await withFeed(source, async (_, thread, lost) => {
    await thread.terminate();
    assert.match((await lost).message, /^the thread that makes batches ended with code \d$/);
  });
  let lost = false;
  await startFeed(source, () => {
    lost = true;
  }).close();
  assert.equal(lost, false);
});

test('a batch that a split cannot fill is an error of who asks, not of the thread', () =>
  withFeed({ ...source, batchSize: 21 }, async (feed) => {
    assert.throws(() => feed.batch('weights', 0), /batch size 21 of 20 images/);
    await untilAhead(feed, 'all');
  }));
