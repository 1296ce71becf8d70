import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { silenceAlarm } from '../src/silence.ts';

test('silence is told once it has lasted, counted from what was heard last, and never when nothing is awaited', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let told = 0;
  const silence = silenceAlarm(1_000, () => told++);
  const pass = async (ms: number) => {
    t.mock.timers.tick(ms);
    await setImmediate();
  };

  await pass(5_000);
  assert.deepEqual([told, silence.silentMs()], [0, 0]);
  silence.awaited();
  await pass(900);
  silence.awaited();
  await pass(900);
  assert.equal(told, 0);
  silence.settled();
  await pass(5_000);
  assert.deepEqual([told, silence.silentMs()], [0, 0]);
  silence.awaited();
  await pass(1_000);
  assert.equal(told, 1);
});

test('what was heard while the process stood still counts', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let told = 0;
  const silence = silenceAlarm(1_000, () => told++);
  silence.awaited();
  // The timer is due; before its consequence, messages are handled.
  t.mock.timers.tick(1_000);
  silence.awaited();
  await setImmediate();
  assert.equal(told, 0);
});
