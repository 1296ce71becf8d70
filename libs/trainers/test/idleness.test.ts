import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { watchIdleness } from '../src/idleness.ts';

let calls: number;
const when = { afterMs: 1_000, onIdle: () => void calls++ };

beforeEach(() => {
  calls = 0;
  mock.timers.enable({ apis: ['setTimeout'] });
});

afterEach(() => mock.timers.reset());

test('a worker that gets nothing to do is idle after the time', () => {
  watchIdleness(when, new AbortController().signal);
  mock.timers.tick(999);
  assert.equal(calls, 0);
  mock.timers.tick(1);
  assert.equal(calls, 1);
});

test('a worker is never idle while it works, and the time counts from the end of its work', () => {
  const { busy, idle } = watchIdleness(when, new AbortController().signal);
  mock.timers.tick(999);
  busy();
  mock.timers.tick(1_000_000);
  assert.equal(calls, 0);
  idle();
  mock.timers.tick(999);
  assert.equal(calls, 0);
  mock.timers.tick(1);
  assert.equal(calls, 1);
});

test('a worker that shuts down is not idle, however long it takes', () => {
  const closing = new AbortController();
  const { idle } = watchIdleness(when, closing.signal);
  closing.abort();
  idle();
  mock.timers.tick(1_000_000);
  assert.equal(calls, 0);
});

test('without a time there is no timer', () => {
  watchIdleness(undefined, new AbortController().signal).idle();
  mock.timers.tick(1_000_000);
  assert.equal(calls, 0);
});
