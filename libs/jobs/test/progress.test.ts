import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { progressMeter } from '../src/progress.ts';

const report = (completed: number, activity = 'training') => ({ activity, completed, total: 100, unit: 'iterations' });

test('rate and remaining time count from what the worker found done', () => {
  let nowMs = 5_000;
  const measure = progressMeter(() => nowMs);
  const first = measure(report(40));
  assert.deepEqual([first.rate, first.etaSeconds], [0, -1]);
  nowMs += 2_000;
  const second = measure(report(60));
  assert.deepEqual([second.rate, second.etaSeconds], [10, 4]);
  assert.equal(measure(report(100)).etaSeconds, 0);
});

test('another activity, and a step back, start a new measurement', () => {
  let nowMs = 0;
  const measure = progressMeter(() => nowMs);
  measure(report(0));
  nowMs += 1_000;
  assert.equal(measure(report(50)).rate, 50);
  assert.equal(measure(report(10)).rate, 0);
  nowMs += 1_000;
  assert.equal(measure(report(30)).rate, 20);
  assert.equal(measure(report(80, 'evaluating')).rate, 0);
});

test('whatever is reported, rates are finite and never negative, and time left is known or -1', () => {
  const step = fc.record({
    ms: fc.integer({ min: 0, max: 10_000 }),
    completed: fc.double({ min: 0, max: 200, noNaN: true }),
  });
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      let nowMs = 0;
      const measure = progressMeter(() => nowMs);
      for (const { ms, completed } of steps) {
        nowMs += ms;
        const { rate, etaSeconds } = measure(report(completed));
        assert.ok(Number.isFinite(rate) && rate >= 0, `rate ${rate}`);
        assert.ok(etaSeconds >= 0 || etaSeconds === -1, `eta ${etaSeconds}`);
      }
    }),
  );
});
