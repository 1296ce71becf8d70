import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatMultiplyAdds, targetLabel } from '../src/index.ts';

test('targets are labelled in MF below one GF and in GF from there', () => {
  assert.deepEqual([2e5, 8e6, 8.5e6, 600e6, 1e9, 1.6e9, 32e9].map(targetLabel), [
    '0.2mf',
    '8mf',
    '8.5mf',
    '600mf',
    '1gf',
    '1.6gf',
    '32gf',
  ]);
});

test('different targets have different labels, and no label has an exponent', () => {
  const target = fc.integer({ min: 1, max: 1e13 });
  fc.assert(
    fc.property(target, target, (a, b) => {
      assert.equal(targetLabel(a) === targetLabel(b), a === b);
      assert.match(targetLabel(a), /^\d+(\.\d+)?(mf|gf)$/);
    }),
  );
});

test('costs are written to three significant digits, and rounding up changes the unit', () => {
  assert.deepEqual([8.0213e6, 600e6, 1.6e9, 99.24e9, 999.96e6, 123_456, 0].map(formatMultiplyAdds), [
    '8.02 MF',
    '600 MF',
    '1.6 GF',
    '99.2 GF',
    '1 GF',
    '0.123 MF',
    '0 MF',
  ]);
});
