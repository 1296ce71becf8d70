import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { binsOf, entropyOf, probabilitiesOf, zerosOf } from '../src/index.ts';
import { softmax } from '../src/theta.ts';
import { near, toySpace } from './toy.ts';

const logits = fc.array(fc.double({ min: -800, max: 800, noNaN: true }), { minLength: 1, maxLength: 20 });

test('probabilities are positive or zero and sum to one, however large the logits', () => {
  fc.assert(
    fc.property(logits, (values) => {
      const probabilities = softmax(values);
      assert.ok(probabilities.every((p) => p >= 0 && p <= 1));
      near(
        probabilities.reduce((a, b) => a + b, 0),
        1,
        1e-12,
      );
    }),
  );
});

test('a constant added to all logits changes no probability', () => {
  fc.assert(
    fc.property(logits, fc.double({ min: -100, max: 100, noNaN: true }), (values, shift) => {
      const shifted = softmax(values.map((value) => value + shift));
      for (const [k, p] of softmax(values).entries()) near(shifted[k], p, 1e-9);
    }),
  );
});

test('the first theta is uniform and has the largest entropy', () => {
  const bins = binsOf(toySpace);
  const uniform = probabilitiesOf(zerosOf(bins));
  assert.deepEqual(uniform[1], { depth: [0.5, 0.5], width: [0.25, 0.25, 0.25, 0.25] });
  near(entropyOf(uniform), 2 * (Math.log(2) + Math.log(4)), 1e-12);
});

test('a theta that has decided has no entropy', () => {
  assert.equal(entropyOf([{ depth: [0, 1], width: [1, 0, 0] }]), 0);
});
