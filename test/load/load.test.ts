import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Largest } from './largest-messages.ts';
import { runLoad } from './load.ts';

const small = { campaigns: 3, trainers: 6, evaluated: 1 };
/** A chunk of an object. */
const MOST_BYTES = 256 * 1024;

test('campaigns at once all end, and leave every row once, however many architectures are evaluated', async () => {
  const few = await runLoad({ ...small, architectures: 30 });
  const many = await runLoad({ ...small, architectures: 6_000 });
  for (const { failures, stored } of [few, many]) {
    assert.deepEqual(failures, []);
    assert.deepEqual(stored.faults, []);
    assert.equal(stored.evaluations, 2 * small.campaigns);
  }
  assert.ok(many.stored.rows > few.stored.rows + 5_500);
  // What is stored of jobs and announced is as large as before; objects are stored in chunks.
  const bytesOf = (largest: readonly Largest[], stream: string) =>
    largest.find((each) => each.stream === stream)?.bytes ?? 0;
  for (const { stream, bytes } of many.largest) {
    if (stream.startsWith('OBJ_')) assert.ok(bytes <= MOST_BYTES, `${stream}: ${bytes}`);
    else assert.ok(bytes <= 1.1 * bytesOf(few.largest, stream), `${stream}: ${bytes}`);
  }
});
