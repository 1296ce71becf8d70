import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge } from '../src/finding.ts';
import { paragraphOf } from '../src/index.ts';

const measured = { claim: 'Cats purr', what: 'the loudness is', unit: 'dB', seeds: [0, 1, 2] };
const estimate = (low: number, high: number) => ({ estimate: (low + high) / 2, low, high });

test('a claim holds when its whole interval lies above the threshold, and does not when it lies below', () => {
  assert.equal(judge({ ...measured, estimate: estimate(0.1, 2) }).held, true);
  assert.equal(judge({ ...measured, estimate: estimate(-2, -0.1) }).held, false);
  assert.equal(judge({ ...measured, estimate: estimate(-1, 1) }).held, 'undecided');
  assert.equal(judge({ ...measured, estimate: estimate(0.1, 2), threshold: 3 }).held, false);
});

test('fewer than three seeds decide nothing', () => {
  const { held, because } = judge({ ...measured, seeds: [0, 1], estimate: estimate(1, 2) });
  assert.deepEqual([held, because], ['undecided', 'fewer than 3 seeds']);
});

test('where nothing was measured the finding says so', () => {
  const { held, found, estimate: none } = judge({ ...measured, estimate: estimate(Number.NaN, Number.NaN) });
  assert.deepEqual([held, found, none], ['undecided', 'nothing was found to judge it by', undefined]);
});

test('paragraphs say plainly what was found and whether the claim held', () => {
  assert.equal(
    paragraphOf(judge({ ...measured, estimate: estimate(1, 2), paper: 'they do' })),
    '*Cats purr.* The loudness is 1.50 dB (95% interval 1.00 to 2.00). The claim held at this scale (seeds 0, 1 and 2). The paper: they do.',
  );
  assert.equal(
    paragraphOf(judge({ ...measured, unit: '%', digits: 0, estimate: estimate(-20, -10) })),
    '*Cats purr.* The loudness is −15% (95% interval −20 to −10). The claim did **not** hold at this scale (seeds 0, 1 and 2).',
  );
  assert.match(
    paragraphOf(judge({ ...measured, seeds: [4], estimate: estimate(1, 2) })),
    /At this scale the claim is \*\*undecided\*\*: fewer than 3 seeds \(seed 4\)\.$/,
  );
});
