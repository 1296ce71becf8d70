import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { turn } from '../src/index.ts';

test('of many that wait one goes on in each round of the event loop, in their order, and what else comes is served between', async () => {
  const served: string[] = [];
  const waiting = ['a', 'b', 'c'].map((name) => turn().then(() => served.push(name)));
  const others = (async () => {
    for (let i = 0; i < 3; i++) {
      await setImmediate();
      served.push('call');
    }
  })();
  await Promise.all([...waiting, others]);
  assert.deepEqual(
    served.filter((name) => name !== 'call'),
    ['a', 'b', 'c'],
  );
  for (const [first, second] of ['ab', 'bc']) {
    assert.ok(served.slice(served.indexOf(first), served.indexOf(second)).includes('call'), served.join(' '));
  }
});

test('whoever comes when nobody waits goes on at once', async () => {
  await turn();
  let rounds = 0;
  const counting = setImmediate().then(() => rounds++);
  await turn();
  assert.equal(rounds, 1);
  await counting;
});
