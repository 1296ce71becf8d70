import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Row, rowOf } from '../bench/part.ts';
import { parts } from '../bench/parts.ts';
import { tableOf, writeResults } from '../bench/results.ts';
import { interleave, median, speedup } from '../bench/side-by-side.ts';

test('two sides are measured in turns, and who goes first changes', async () => {
  const order: string[] = [];
  const side = (name: string, factor: number) => async (round: number) => {
    order.push(name);
    return new Map([
      ['step', factor * (round + 1)],
      [name, 1],
    ]);
  };
  const found = await interleave(3, side('ours', 1), side('theirs', 2));
  assert.deepEqual(order, ['ours', 'theirs', 'theirs', 'ours', 'ours', 'theirs']);
  assert.deepEqual(
    [...found],
    [['step', { ours: [1, 2, 3], theirs: [2, 4, 6] }]],
    'what only one side has is left out',
  );
});

test('the speedup is the median of the ratios, not the ratio of the medians', () => {
  assert.equal(speedup({ ours: [1, 10, 100], theirs: [3, 20, 100] }), 2);
  assert.equal(median([4, 1, 3, 2]), 2.5);
});

test('a row says whether its goal is met', () => {
  assert.deepEqual(rowOf('P1', 'step', 0.99996, 'x', { atLeast: 1 }), {
    id: 'P1',
    what: 'step',
    value: 1,
    unit: 'x',
    goal: '>= 1',
    met: false,
  });
  assert.equal(rowOf('P9', 'memory', 1.2, 'GiB', { atMost: 1.5 }).met, true);
  assert.match(
    tableOf([rowOf('P9', 'memory', 1.7, 'GiB', { atMost: 1.5 })]),
    /P9 +\| memory \| 1\.7 GiB \| <= 1\.5 \| NO/,
  );
});

test('a part measured anew replaces its rows and leaves those of other parts', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'nss-bench-'));
  const file = join(folder, 'results', 'latest.json');
  const write = (commit: string, machine: string, ids: readonly string[]) =>
    writeResults(file, { machine, commit, date: commit, rows: ids.map((id) => rowOf(id, id, 1, 'x')) });
  const rows = async () =>
    JSON.parse(await readFile(file, 'utf8')).rows.map(({ id, commit }: Row & { commit: string }) => `${id} ${commit}`);
  try {
    await write('a', 'here', ['P10', 'P2/x', 'P2/y']);
    await write('b', 'here', ['P2/x']);
    assert.deepEqual(await rows(), ['P2/x b', 'P10 a']);
    await write('c', 'elsewhere', ['P1']);
    assert.deepEqual(await rows(), ['P1 c'], 'rows of another machine do not stay');
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('parts have ids of their own', () => {
  assert.equal(new Set(parts.map(({ id }) => id)).size, parts.length);
});
