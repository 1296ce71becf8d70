import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomOf } from '@nss/space';
import fc from 'fast-check';
import { gumbelSoftmax, gumbelSoftmaxGradient } from '../src/gumbel.ts';
import { softmax } from '../src/theta.ts';
import { near } from './toy.ts';

const cases = fc.integer({ min: 2, max: 8 }).chain((bins) =>
  fc.record({
    logits: fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: bins, maxLength: bins }),
    slopes: fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: bins, maxLength: bins }),
    temperature: fc.double({ min: 0.3, max: 5, noNaN: true }),
    seed: fc.nat(),
  }),
);

test('the gradient in the logits equals finite differences of a loss that is curved in the weights', () => {
  fc.assert(
    fc.property(cases, ({ logits, slopes, temperature, seed }) => {
      const weightsAt = (values: number[]) => gumbelSoftmax(values, temperature, randomOf(seed));
      const lossAt = (values: number[]) => weightsAt(values).reduce((loss, w, j) => loss + slopes[j] * w + w * w, 0);
      const weights = weightsAt(logits);
      const gradient = gumbelSoftmaxGradient(
        weights,
        temperature,
        weights.map((w, j) => slopes[j] + 2 * w),
      );
      const h = 1e-5;
      for (let k = 0; k < logits.length; k++) {
        const moved = (by: number) => lossAt(logits.map((value, j) => (j === k ? value + by : value)));
        near(gradient[k], (moved(h) - moved(-h)) / (2 * h), 1e-6);
      }
    }),
  );
});

test('at the final temperature the weights are a one-hot draw, and their gradient is finite and adds to zero', () => {
  fc.assert(
    fc.property(cases, ({ logits, slopes, seed }) => {
      const weights = gumbelSoftmax(logits, 0.001, randomOf(seed));
      near(
        weights.reduce((a, b) => a + b, 0),
        1,
        1e-12,
      );
      const gradient = gumbelSoftmaxGradient(weights, 0.001, slopes);
      assert.ok(gradient.every(Number.isFinite));
      const scale = Math.max(...gradient.map(Math.abs));
      near(
        gradient.reduce((a, b) => a + b, 0),
        0,
        1e-9 * scale,
      );
    }),
  );
});

test('a sure draw has no gradient, not the rounding error of one', () => {
  const sure = gumbelSoftmax([60, 0, 0], 0.001, randomOf(0));
  assert.deepEqual(sure, [1, 0, 0]);
  assert.deepEqual(
    gumbelSoftmaxGradient([1, 0, 0], 0.001, [0.1, 0.7, -0.3]).map((g) => g + 0),
    [0, 0, 0],
  );
  const [first] = gumbelSoftmaxGradient([1, 1e-20, 0], 0.001, [0.1, 0.7, -0.3]);
  near(first, -6e-18, 1e-24);
});

test('the largest weight falls on each bin as often as theta says', () => {
  const logits = [0.2, -1, 1.3, 0];
  const expected = softmax(logits);
  const draws = 20_000;
  const counts = logits.map(() => 0);
  for (let i = 0; i < draws; i++) {
    const weights = gumbelSoftmax(logits, 0.5, randomOf(1, i));
    counts[weights.indexOf(Math.max(...weights))]++;
  }
  for (const [k, p] of expected.entries()) near(counts[k] / draws, p, 4 * Math.sqrt((p * (1 - p)) / draws));
});
