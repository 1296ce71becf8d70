import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ArchitectureRow, evaluationReport } from '../src/index.ts';

const row = (
  source: ArchitectureRow['source'],
  multiplyAdds: number,
  errorPercent: number,
  label = '1mf',
): ArchitectureRow => ({
  label: source === 'search-space' ? '' : label,
  source,
  architecture: '1x8',
  multiplyAdds,
  errorPercent,
  loss: 1,
});
const advantage = { advantagePercent: 10, advantageLowPercent: 8, advantageHighPercent: 12 };
const space = { label: '1mf', targetMultiplyAdds: 1e6, seed: 0, advantage };
const reportOf = (architectures: ArchitectureRow[], spaces = [space]) =>
  evaluationReport({ id: 'demo-super-network', seed: 0, spaces, architectures });

test('a comparison gives means, bests, the advantage that was found, and distances to the front of all rows', () => {
  const { spaces } = reportOf([
    row('elite', 10, 40),
    row('elite', 12, 42),
    row('matched', 10, 50),
    row('matched', 12, 52),
    row('search-space', 11, 39),
  ]);
  assert.deepEqual(spaces, [
    {
      label: '1mf',
      targetMultiplyAdds: 1e6,
      seed: 0,
      comparison: {
        eliteMeanErrorPercent: 41,
        eliteBestErrorPercent: 40,
        matchedMeanErrorPercent: 51,
        matchedBestErrorPercent: 50,
        ...advantage,
        eliteFrontDistancePercent: (0 + 3) / 2,
        matchedFrontDistancePercent: (10 + 13) / 2,
        eliteArchitectures: 2,
        matchedArchitectures: 2,
      },
    },
  ]);
});

test('the front is that of all Elite Spaces, whichever evaluation measured them', () => {
  const alone = [row('elite', 10, 40), row('matched', 10, 50)];
  const distanceOf = (rows: ArchitectureRow[]) => reportOf(rows).spaces[0].comparison?.eliteFrontDistancePercent;
  assert.equal(distanceOf(alone), 0);
  assert.equal(distanceOf([...alone, row('elite', 9, 35, '2mf')]), 5);
});

test('a space that no architecture of the search space matches is compared with nothing', () => {
  const { spaces } = reportOf([row('elite', 10, 40), row('search-space', 11, 39)]);
  assert.equal(spaces[0].comparison, undefined);
  const { advantage: _, ...unmatched } = space;
  assert.equal(reportOf([row('elite', 10, 40)], [unmatched as typeof space]).spaces[0].comparison, undefined);
});

test('the hypervolume is the share of the rectangle of all costs and errors that is dominated', () => {
  const rows = [row('elite', 5, 50), row('search-space', 10, 100), row('matched', 8, 75)];
  const { hypervolumeElite, hypervolumeSearchSpace } = reportOf(rows);
  assert.deepEqual([hypervolumeElite, hypervolumeSearchSpace], [0.25, 0.05]);
});

test('without an Elite Space, or without the search space, hypervolumes compare nothing', () => {
  for (const rows of [[row('elite', 5, 50)], [row('search-space', 5, 50)], []]) {
    const report = reportOf(rows, []);
    assert.deepEqual([report.hypervolumeElite, report.hypervolumeSearchSpace], [undefined, undefined]);
  }
});

test('rows without a finite error count in no number', () => {
  const sound = [row('elite', 10, 40), row('matched', 10, 50), row('search-space', 12, 60)];
  const holed = [...sound, row('elite', 11, Number.NaN), row('search-space', 9, Number.NaN)];
  const { architectures: _, ...numbers } = reportOf(holed);
  const { architectures: __, ...expected } = reportOf(sound);
  assert.deepEqual(numbers, expected);
});
