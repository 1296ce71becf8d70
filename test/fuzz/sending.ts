import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';

/* Drawing messages, sending them, and waiting for what becomes of them. */

const AT_ONCE = 8;
const DRAWN_AT_ONCE = 20;
const SETTLE_WITHIN_MS = 240_000;

/** Values of an arbitrary, drawn in small numbers: all at once would not fit into memory. */
export function* drawn<T>(arbitrary: fc.Arbitrary<T>, count: number, seed: number): Generator<T> {
  for (let from = 0; from < count; from += DRAWN_AT_ONCE) {
    yield* fc.sample(arbitrary, { numRuns: Math.min(DRAWN_AT_ONCE, count - from), seed: seed + from });
  }
}

/** What `count` comes to once it is 0, or after a time in which it should be. */
export async function settled(count: () => Promise<number>): Promise<number> {
  const end = performance.now() + SETTLE_WITHIN_MS;
  for (;;) {
    const left = await count();
    if (left === 0 || performance.now() > end) return left;
    await delay(500);
  }
}

/** Does so with each item, a few at a time. */
export async function inParallel<T, R>(items: Iterable<T>, work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  // Lanes share one iterator: each item goes to one of them.
  const iterator = Iterator.from(items);
  const lane = async () => {
    for (let next = iterator.next(); !next.done; next = iterator.next()) results.push(await work(next.value));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return results;
}
