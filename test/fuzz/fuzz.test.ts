import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzz } from './fuzz.ts';

test('hostile messages to every RPC, queue, session and webhook end in typed statuses and dead letters, and leave the mesh as it was', {
  timeout: 600_000,
}, async () => {
  const rows = await fuzz({ messages: 300, seed: 7 });
  assert.deepEqual(
    rows.filter(({ ok }) => !ok),
    [],
  );
});
