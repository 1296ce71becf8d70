import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { progressLine } from '../src/commands/dataset.ts';
import {
  formatAge,
  formatBytes,
  formatDeviation,
  formatDuration,
  formatParameters,
  formatRate,
  formatShare,
} from '../src/terminal/format.ts';
import { bar, liveBlock } from '../src/terminal/progress.ts';
import { formatTable, visibleLength } from '../src/terminal/table.ts';
import { createTerminal } from '../src/terminal/terminal.ts';

test('numbers are written for people', () => {
  assert.deepEqual([0, 42, 725, 10_930].map(formatDuration), ['0:00', '0:42', '12:05', '3:02:10']);
  assert.deepEqual([5, 300, 7300, 1e6].map(formatAge), ['5s', '5m', '2h', '11d']);
  assert.deepEqual([999, 170_052_171, 2.5e9].map(formatBytes), ['999 B', '170 MB', '2.5 GB']);
  assert.deepEqual([709, 211_300, 23.44e6].map(formatParameters), ['709', '211 k', '23.4 M']);
  assert.deepEqual([0.00612, -0.035, -0.0001].map(formatDeviation), ['+0.6 %', '-3.5 %', '0.0 %']);
  assert.deepEqual([0.625, 1, 0].map(formatShare), ['62.5 %', '100 %', '0 %']);
  assert.deepEqual([formatRate(8.31, 'iterations'), formatRate(0.2, 'jobs')], ['8.31 iterations/s', '12 jobs/min']);
});

test('a download tells share, amount, rate and ETA', () => {
  const line = progressLine({
    ...{ dataset: 'cifar10', step: 'fetch', file: 'a.tar.gz' },
    ...{ bytes: 54.4e6, totalBytes: 170e6, bytesPerSecond: 11.56e6 },
  });
  const expected = `fetching a.tar.gz  ${bar(0.32, 12)}   32 %  11.6 MB/s  ETA 0:10  54.4 MB of 170 MB`;
  assert.equal(line, expected);
});

test('a bar has the same length at any share', () => {
  fc.assert(
    fc.property(fc.double(), fc.integer({ min: 1, max: 80 }), (share, width) => {
      assert.equal(bar(share, width).length, width);
    }),
  );
});

test('the columns of a table are aligned, styled or not', () => {
  const cell = fc.string({ unit: fc.constantFrom('a', 'B', '7', '.', '-'), maxLength: 12 });
  fc.assert(
    fc.property(fc.array(fc.tuple(cell, cell, cell), { maxLength: 6 }), (rows) => {
      const columns = [{ title: 'one' }, { title: 'two', align: 'right' }, { title: 'three' }] as const;
      const plain = formatTable(columns, rows);
      const styled = formatTable(
        columns,
        rows.map(([a, b, c]) => [`\x1b[1m${a}\x1b[0m`, b, c]),
      );
      assert.deepEqual(plain.map(visibleLength), styled.map(visibleLength));
      for (const [i, line] of plain.entries()) {
        assert.equal(line, line.trimEnd());
        if (i === 0) continue;
        const [a, b, c] = rows[i - 1];
        const first = Math.max(3, ...rows.map((row) => row[0].length));
        const second = Math.max(3, ...rows.map((row) => row[1].length));
        assert.equal(line, `${a.padEnd(first)}  ${b.padStart(second)}  ${c}`.trimEnd());
      }
    }),
  );
});

test('a frame never wraps, whatever it holds', () => {
  const texts: string[] = [];
  const stderr = { write: (text: string) => texts.push(text), isTTY: true, columns: 20 };
  const block = liveBlock(createTerminal({ write: () => {} }, stderr, {}));
  block.show([`\x1b[31m${'x'.repeat(50)}\x1b[39m`, 'short']);
  block.show(['second']);
  assert.equal(texts[0], `\x1b[31m${'x'.repeat(18)}\x1b[39m…\x1b[K\nshort\x1b[K\n\x1b[J`);
  assert.equal(texts[1], '\x1b[2Asecond\x1b[K\n\x1b[J');
});
