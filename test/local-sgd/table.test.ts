import assert from 'node:assert/strict';
import { test } from 'node:test';
import { comparisonTable } from './table.ts';

test('every super network is compared with both plain trainings, architecture by architecture', () => {
  const errorsPercent = Array.from({ length: 100 }, (_, i) => 30 + i / 10);
  const table = comparisonTable({
    plain: { title: 'plain, seed 0', errorsPercent },
    otherSeed: { title: 'plain, seed 1', errorsPercent: errorsPercent.map((error) => error + 1) },
    others: [{ title: 'rounds', errorsPercent: errorsPercent.map((error) => 100 - error) }],
  });
  const rows = table.split('\n').slice(4);
  assert.deepEqual(rows, [
    '| plain, seed 0 | 34.95 |  |  | 1.000 (1.000 to 1.000) |',
    '| plain, seed 1 | 35.95 | 1.00 (1.00 to 1.00) | 1.000 (1.000 to 1.000) |  |',
    rows[2],
  ]);
  assert.match(
    rows[2],
    /^\| rounds \| 65\.05 \| 30\.10 \((2\d|30)\.\d\d to 3\d\.\d\d\) \| -1\.000 \(-1\.000 to -1\.000\) \| -1\.000 /,
  );
});
