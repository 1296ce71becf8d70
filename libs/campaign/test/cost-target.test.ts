import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseMultiplyAdds } from '../src/index.ts';

test('costs are read as people write them', () => {
  const written = ['8MF', '600 MF', '1.6GF', '1.6gf', '250kF', '8M', '8000000', '8e6', '2e1 MF', ' 3 mf '];
  const costs = [8e6, 6e8, 1.6e9, 1.6e9, 2.5e5, 8e6, 8e6, 8e6, 2e7, 3e6];
  assert.deepEqual(written.map(parseMultiplyAdds), costs);
});

test('what is no positive cost is undefined', () => {
  for (const text of [
    '',
    'MF',
    '0',
    '0MF',
    '-8MF',
    '8 XF',
    '8MFF',
    '1e400',
    '99e99GF',
    'NaN',
    'Infinity',
    '0x10',
    '1,6GF',
  ]) {
    assert.equal(parseMultiplyAdds(text), undefined, text);
  }
});

test('a cost written in MF is the number times a million, to the last digit', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 99_999_999 }), (units) => {
      assert.equal(parseMultiplyAdds(`${units / 1000}MF`), units * 1000);
    }),
  );
});
