import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quantile } from '@nss/analysis';
import { architectureCost } from '@nss/cost';
import { containsArchitecture, formatArchitecture, type SearchSpace, wholeSpace } from '@nss/space';
import { architecturesCsv } from '../src/architectures-csv.ts';
import { compareHypervolumes, compareSpaces, type MeasuredRow } from '../src/comparison.ts';
import { distinctArchitectures, drawRows } from '../src/rows.ts';

const stage = { depth: { min: 1, max: 4 }, width: { min: 1, max: 32 }, depthBinSize: 1, widthBinSize: 4 };
const space: SearchSpace = {
  stemWidth: 16,
  stages: [
    { stride: 1, ...stage },
    { stride: 2, ...stage },
  ],
};
const input = { height: 16, width: 16, channels: 3, classes: 10 };
const eliteSpace = {
  stages: [
    { depth: { min: 2, max: 2 }, width: { min: 9, max: 12 } },
    { depth: { min: 3, max: 3 }, width: { min: 17, max: 20 } },
  ],
};
const spaces = [{ label: '1mf', space: eliteSpace }];

test('as many matched architectures as elite ones are drawn, inside the elite cost window', async () => {
  const rows = await drawRows(space, input, spaces, 50, 0);
  const of = (source: string) => rows.filter((row) => row.source === source);
  assert.deepEqual([of('elite').length, of('matched').length, of('search-space').length], [50, 50, 50]);
  const costs = of('elite').map(({ multiplyAdds }) => multiplyAdds);
  const [low, high] = [quantile(costs, 0.05), quantile(costs, 0.95)];
  for (const { multiplyAdds } of of('matched')) assert.ok(low <= multiplyAdds && multiplyAdds <= high);
  for (const { architecture } of of('elite')) assert.ok(containsArchitecture(eliteSpace, architecture));
  for (const { architecture, multiplyAdds } of rows) {
    assert.ok(containsArchitecture(wholeSpace(space), architecture));
    assert.equal(multiplyAdds, architectureCost(space, input, architecture));
  }
});

test('the draws follow from the seed alone', async () => {
  const rows = await drawRows(space, input, spaces, 20, 4);
  assert.deepEqual(await drawRows(space, input, spaces, 20, 4), rows);
  assert.notDeepEqual(await drawRows(space, input, spaces, 20, 5), rows);
});

test('an architecture that was drawn twice is measured once', async () => {
  const rows = await drawRows(space, input, spaces, 50, 0);
  const distinct = distinctArchitectures(rows).map(formatArchitecture);
  assert.equal(new Set(distinct).size, distinct.length);
  // The Elite Space holds 16 architectures only.
  assert.ok(distinct.length < rows.length - 30);
  for (const { architecture } of rows) assert.ok(distinct.includes(formatArchitecture(architecture)));
});

const row = (source: MeasuredRow['source'], multiplyAdds: number, errorPercent: number): MeasuredRow => ({
  label: source === 'search-space' ? '' : '1mf',
  source,
  architecture: { stages: [{ depth: 1, width: 8 }] },
  multiplyAdds,
  errorPercent,
  loss: 1,
});

test('a comparison gives means, bests, the advantage with its interval, and distances to the front of all rows', () => {
  const rows = [
    row('elite', 10, 40),
    row('elite', 12, 42),
    row('matched', 10, 50),
    row('matched', 12, 52),
    row('search-space', 11, 39),
  ];
  const [comparison] = compareSpaces(rows, ['1mf'], 0);
  assert.equal(comparison.eliteMeanErrorPercent, 41);
  assert.equal(comparison.eliteBestErrorPercent, 40);
  assert.equal(comparison.matchedMeanErrorPercent, 51);
  assert.equal(comparison.matchedBestErrorPercent, 50);
  assert.equal(comparison.advantagePercent, 10);
  assert.ok(comparison.advantageLowPercent >= 8 && comparison.advantageLowPercent < 10);
  assert.ok(comparison.advantageHighPercent <= 12 && comparison.advantageHighPercent > 10);
  assert.equal(comparison.eliteFrontDistancePercent, (0 + 3) / 2);
  assert.equal(comparison.matchedFrontDistancePercent, (10 + 13) / 2);
  assert.deepEqual([comparison.eliteArchitectures, comparison.matchedArchitectures], [2, 2]);
});

test('a space that no architecture of the search space matches is compared with nothing', () => {
  const [comparison] = compareSpaces([row('elite', 10, 40), row('search-space', 11, 39)], ['1mf'], 0);
  assert.equal(comparison.eliteMeanErrorPercent, 40);
  assert.ok(Number.isNaN(comparison.advantagePercent));
  assert.ok(Number.isNaN(comparison.matchedBestErrorPercent));
});

test('the hypervolume is the share of the rectangle of all costs and errors that is dominated', () => {
  const rows = [row('elite', 5, 50), row('search-space', 10, 100), row('matched', 8, 75)];
  assert.deepEqual(compareHypervolumes(rows), { elite: 0.25, searchSpace: 0.05 });
});

test('the CSV holds a line a row', () => {
  assert.equal(
    architecturesCsv([row('elite', 10, 40.5)]),
    'label,source,architecture,multiply_adds,error_percent,loss\n1mf,elite,1x8,10,40.5,1\n',
  );
});
