import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatCost, formatDeviation, formatDuration, formatNumber, formatSigned, listOf } from '../src/format.ts';

test('costs always show three significant digits', () => {
  assert.deepEqual([8.016e6, 16e6, 600e6, 1.6e9, 999.96e6, 0.5e6, 99.24e9].map(formatCost), [
    '8.02 MF',
    '16.0 MF',
    '600 MF',
    '1.60 GF',
    '1.00 GF',
    '0.500 MF',
    '99.2 GF',
  ]);
  fc.assert(
    fc.property(fc.double({ min: 1e3, max: 9e11, noNaN: true }), (cost) => {
      const [number, unit] = formatCost(cost).split(' ');
      const shown = Number(number) * (unit === 'MF' ? 1e6 : 1e9);
      assert.ok(Math.abs(shown / cost - 1) < 0.006, `${cost} became ${number} ${unit}`);
    }),
  );
});

test('what rounds to nothing has no sign', () => {
  assert.equal(formatDeviation(-0.00001), '0.0%');
  assert.equal(formatDeviation(0.00001), '0.0%');
  assert.equal(formatSigned(-2.84, 1), '\u22122.8');
  assert.equal(formatSigned(1.04, 1), '+1.0');
});

test('what is missing is a dash', () => {
  assert.deepEqual(
    [undefined, Number.NaN, Number.POSITIVE_INFINITY].map((value) => formatNumber(value, 1)),
    ['–', '–', '–'],
  );
  assert.equal(formatCost(undefined), '–');
  assert.equal(formatDuration(undefined), '–');
});

test('durations use the two units that matter', () => {
  assert.deepEqual([0.42, 38.2, 59.7, 252, 3599.6, 7500].map(formatDuration), [
    '0.4 s',
    '38 s',
    '1 min 00 s',
    '4 min 12 s',
    '1 h 00 min',
    '2 h 05 min',
  ]);
});

test('lists read as a sentence', () => {
  assert.deepEqual([[], ['a'], ['a', 'b'], ['a', 'b', 'c']].map(listOf), ['', 'a', 'a and b', 'a, b and c']);
});
