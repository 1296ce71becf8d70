import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quantile } from '@nss/analysis';
import { architectureCost } from '@nss/cost';
import {
  containsArchitecture,
  formatArchitecture,
  type NetworkSpace,
  parseArchitecture,
  type SearchSpace,
  wholeSpace,
} from '@nss/space';
import { comparisonsOf, type MeasuredRow, summariesOf } from '../src/comparison.ts';
import { distinctArchitectures, drawPopulations, type Population, type Row } from '../src/populations.ts';

const stage = { depth: { min: 1, max: 4 }, width: { min: 1, max: 32 }, depthBinSize: 1, widthBinSize: 4 };
const space: SearchSpace = {
  stemWidth: 16,
  stages: [
    { stride: 1, ...stage },
    { stride: 2, ...stage },
    { stride: 2, ...stage },
  ],
};
const whole = wholeSpace(space);
const input = { height: 16, width: 16, channels: 3, classes: 10 };
const eliteSpace: NetworkSpace = {
  stages: [
    { depth: { min: 2, max: 2 }, width: { min: 9, max: 12 } },
    { depth: { min: 3, max: 3 }, width: { min: 17, max: 18 } },
    { depth: { min: 1, max: 1 }, width: { min: 17, max: 18 } },
  ],
};
const count = 50;
const elite: Population = { label: '1mf', within: eliteSpace, count };
const matched: Population = { label: '1mf-matched', within: whole, count, cost: { matchedTo: '1mf' } };
const cloud: Population = { label: 'search-space', within: whole, count };

const draw = (populations: Population[], seed = 0) => drawPopulations(space, input, populations, seed);
const of = (rows: readonly Row[], label: string) => rows.filter(({ population }) => population === label);
const costsOf = (rows: readonly Row[]) => rows.map(({ multiplyAdds }) => multiplyAdds);

test('populations come in order, as many architectures as asked for, with their costs', async () => {
  const rows = await draw([elite, matched, cloud]);
  assert.deepEqual(
    rows.map(({ population }) => population),
    ['1mf', '1mf-matched', 'search-space'].flatMap((label) => Array(count).fill(label)),
  );
  for (const { architecture } of of(rows, '1mf')) assert.ok(containsArchitecture(eliteSpace, architecture));
  for (const { architecture, multiplyAdds } of rows) {
    assert.ok(containsArchitecture(whole, architecture));
    assert.equal(multiplyAdds, architectureCost(space, input, architecture));
  }
});

test('a matched population costs what the one it is matched to does between its 5% and its 95% quantile', async () => {
  const rows = await draw([elite, matched]);
  const costs = costsOf(of(rows, '1mf'));
  const [low, high] = [quantile(costs, 0.05), quantile(costs, 0.95)];
  for (const cost of costsOf(of(rows, '1mf-matched'))) assert.ok(low <= cost && cost <= high);
});

test('a cost range holds for every architecture, both ends included', async () => {
  const [cost] = costsOf(await draw([{ label: 'one', architectures: [parseArchitecture('1x8-1x8-1x8')] }]));
  const small: NetworkSpace = {
    stages: whole.stages.map(() => ({ depth: { min: 1, max: 1 }, width: { min: 7, max: 9 } })),
  };
  const rows = await draw([
    { label: 'exact', within: small, count: 5, cost: { min: cost, max: cost } },
    { label: 'window', within: whole, count, cost: { min: 2e6, max: 2.2e6 } },
  ]);
  assert.equal(of(rows, 'exact').length, 5);
  for (const found of costsOf(of(rows, 'exact'))) assert.equal(found, cost);
  assert.equal(of(rows, 'window').length, count);
  for (const found of costsOf(of(rows, 'window'))) assert.ok(found >= 2e6 && found <= 2.2e6);
});

test('a design rule holds for every architecture, alone and within a cost window, and forbids nothing else', async () => {
  const rises = (values: readonly number[]) => values.every((value, i) => i === 0 || values[i - 1] <= value);
  const depths = ({ architecture }: Row) => architecture.stages.map(({ depth }) => depth);
  const widths = ({ architecture }: Row) => architecture.stages.map(({ width }) => width);
  const [both, onlyWidths] = [true, false].map((nondecreasingDepths) => ({
    nondecreasingDepths,
    nondecreasingWidths: true,
  }));
  const rows = await draw([
    { label: 'both', within: whole, count, rule: both },
    { label: 'widths', within: whole, count, rule: onlyWidths },
    { label: 'window', within: whole, count, rule: both, cost: { min: 2e6, max: 2.2e6 } },
  ]);
  assert.equal(rows.length, 3 * count);
  for (const row of rows) assert.ok(rises(widths(row)));
  for (const row of rows.filter(({ population }) => population !== 'widths')) assert.ok(rises(depths(row)));
  assert.ok(of(rows, 'widths').some((row) => !rises(depths(row))));
  for (const cost of costsOf(of(rows, 'window'))) assert.ok(cost >= 2e6 && cost <= 2.2e6);
});

test('listed architectures are measured as they are, repetitions included', async () => {
  const texts = ['1x8-2x8-3x8', '4x32-1x1-1x1', '1x8-2x8-3x8'];
  const rows = await draw([{ label: 'listed', architectures: texts.map(parseArchitecture) }]);
  assert.deepEqual(
    rows.map(({ architecture }) => formatArchitecture(architecture)),
    texts,
  );
});

test('conditions that no architecture meets end with fewer architectures, and so does what is matched to those', async () => {
  const steep: NetworkSpace = {
    stages: [4, 2, 1].map((depth) => ({ depth: { min: depth, max: depth }, width: { min: 8, max: 8 } })),
  };
  const rule = { nondecreasingDepths: true, nondecreasingWidths: false };
  const rows = await draw([
    { label: 'impossible', within: steep, count, rule },
    { label: 'impossible-matched', within: whole, count, cost: { matchedTo: 'impossible' } },
    cloud,
  ]);
  assert.deepEqual(rows, of(rows, 'search-space'));
  assert.equal(rows.length, count);
});

test('the draws of a population follow from the seed and its label, whatever is drawn beside it', async () => {
  const rows = await draw([elite, matched, cloud], 4);
  assert.deepEqual(await draw([elite, matched, cloud], 4), rows);
  assert.deepEqual(await draw([cloud], 4), of(rows, 'search-space'));
  assert.deepEqual(await draw([elite, { ...cloud, count: 1 }, matched], 4), [
    ...of(rows, '1mf'),
    of(rows, 'search-space')[0],
    ...of(rows, '1mf-matched'),
  ]);
  assert.notDeepEqual(await draw([cloud], 5), of(rows, 'search-space'));
  const architecturesOf = (found: readonly Row[]) => found.map(({ architecture }) => architecture);
  const renamed = await draw([{ ...cloud, label: 'another' }], 4);
  assert.notDeepEqual(architecturesOf(renamed), architecturesOf(of(rows, 'search-space')));
});

test('an architecture that was drawn twice is measured once', async () => {
  const rows = await draw([elite, cloud]);
  const distinct = distinctArchitectures(rows).map(formatArchitecture);
  assert.equal(new Set(distinct).size, distinct.length);
  // The Elite Space holds 16 architectures only.
  assert.ok(distinct.length < rows.length - 30);
  for (const { architecture } of rows) assert.ok(distinct.includes(formatArchitecture(architecture)));
});

test('architectures to measure come in the order of their stages, whatever was drawn first', () => {
  const texts = ['2x3-1x8', '1x3-9x1', '1x10-1x1', '2x3-1x7', '1x3-10x1', '2x3-1x8'];
  const rows = texts.map((text): Row => ({ population: 'a', architecture: parseArchitecture(text), multiplyAdds: 1 }));
  const ordered = ['1x3-9x1', '1x3-10x1', '2x3-1x7', '2x3-1x8', '1x10-1x1'];
  assert.deepEqual(distinctArchitectures(rows).map(formatArchitecture), ordered);
  assert.deepEqual(distinctArchitectures(rows.toReversed()).map(formatArchitecture), ordered);
});

const measured = (population: string, multiplyAdds: number, errorPercent: number): MeasuredRow => ({
  population,
  architecture: { stages: [{ depth: 1, width: 8 }] },
  multiplyAdds,
  errorPercent,
  loss: 1,
});

test('a summary gives number, mean and best of every population', () => {
  const rows = [measured('1mf', 10, 40), measured('1mf', 12, 42), measured('search-space', 30, 39)];
  assert.deepEqual(summariesOf([elite, matched, cloud], rows), [
    { label: '1mf', architectures: 2, meanErrorPercent: 41, bestErrorPercent: 40, meanMultiplyAdds: 11 },
    {
      label: '1mf-matched',
      architectures: 0,
      meanErrorPercent: Number.NaN,
      bestErrorPercent: Number.NaN,
      meanMultiplyAdds: Number.NaN,
    },
    { label: 'search-space', architectures: 1, meanErrorPercent: 39, bestErrorPercent: 39, meanMultiplyAdds: 30 },
  ]);
});

test('every matched population is compared: the advantage with its interval', () => {
  const rows = [
    measured('1mf', 10, 40),
    measured('1mf', 12, 42),
    measured('1mf-matched', 10, 50),
    measured('1mf-matched', 12, 52),
    measured('search-space', 11, 39),
  ];
  const [comparison, ...others] = comparisonsOf([elite, matched, cloud], rows, 0);
  assert.deepEqual(others, []);
  assert.deepEqual([comparison.label, comparison.matched], ['1mf', '1mf-matched']);
  assert.equal(comparison.advantagePercent, 10);
  assert.ok(comparison.advantageLowPercent >= 8 && comparison.advantageLowPercent < 10);
  assert.ok(comparison.advantageHighPercent <= 12 && comparison.advantageHighPercent > 10);
});

test('a population that nothing matches has no advantage', () => {
  const [comparison] = comparisonsOf([elite, matched], [measured('1mf', 10, 40)], 0);
  assert.ok(Number.isNaN(comparison.advantagePercent));
});
