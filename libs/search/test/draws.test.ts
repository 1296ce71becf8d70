import assert from 'node:assert/strict';
import { test } from 'node:test';
import { containsArchitecture, randomOf, wholeSpace } from '@nss/space';
import { drawWeightArchitecture } from '../src/draws.ts';
import { type BinValues, binsOf, drawBins, drawMixture, zerosOf } from '../src/index.ts';
import { near, toySpace } from './toy.ts';

const bins = binsOf(toySpace);
const theta: BinValues = [
  { depth: [0.2, 0.8], width: [0.1, 0.2, 0.3, 0.4] },
  { depth: [1, 0], width: [0, 0.5, 0.5, 0] },
];
const draws = 20_000;
const share = (p: number) => 4 * Math.sqrt((p * (1 - p)) / draws);

test('spaces are drawn with the probabilities of theta', () => {
  const counts = [0, 0, 0, 0];
  for (let i = 0; i < draws; i++) {
    const [first, second] = drawBins(randomOf(5, i), theta);
    counts[first.width]++;
    assert.equal(second.depth, 0);
    assert.ok(second.width === 1 || second.width === 2);
  }
  for (const [j, p] of theta[0].width.entries()) near(counts[j] / draws, p, share(p));
});

test('a weight step draws a bin from theta, then uniformly in the bin', () => {
  const counts = new Map<number, number>();
  for (let i = 0; i < draws; i++) {
    const architecture = drawWeightArchitecture(randomOf(6, i), bins, theta, 0);
    assert.ok(containsArchitecture(wholeSpace(toySpace), architecture));
    counts.set(architecture.stages[0].width, (counts.get(architecture.stages[0].width) ?? 0) + 1);
  }
  for (let width = 1; width <= 16; width++) {
    const p = theta[0].width[Math.floor((width - 1) / 4)] / 4;
    near((counts.get(width) ?? 0) / draws, p, share(p));
  }
});

test('the largest depth and the largest width replace drawn ones independently, with the probability asked for', () => {
  const small: BinValues = theta.map(() => ({ depth: [1, 0], width: [1, 0, 0, 0] }));
  const largest = { depth: 0, width: 0, both: 0 };
  for (let i = 0; i < draws; i++) {
    const [{ depth, width }] = drawWeightArchitecture(randomOf(7, i), bins, small, 0.3).stages;
    if (depth === 4) largest.depth++;
    if (width === 16) largest.width++;
    if (depth === 4 && width === 16) largest.both++;
  }
  near(largest.depth / draws, 0.3, share(0.3));
  near(largest.width / draws, 0.3, share(0.3));
  near(largest.both / draws, 0.09, share(0.09));
  const sure = drawWeightArchitecture(randomOf(7), bins, small, 1);
  assert.deepEqual(sure.stages, [
    { depth: 4, width: 16 },
    { depth: 4, width: 16 },
  ]);
});

test('a mixture holds one uniform draw from every bin, and weights that sum to one', () => {
  const counts = new Map<number, number>();
  for (let i = 0; i < draws / 10; i++) {
    const mixture = drawMixture(randomOf(8, i), bins, zerosOf(bins), 1);
    for (const [s, stage] of mixture.entries()) {
      for (const [j, range] of bins[s].depth.entries()) {
        assert.ok(stage.depths[j] >= range.min && stage.depths[j] <= range.max);
      }
      for (const [j, range] of bins[s].width.entries()) {
        assert.ok(stage.widths[j] >= range.min && stage.widths[j] <= range.max);
      }
      near(
        stage.depthWeights.reduce((a, b) => a + b, 0),
        1,
        1e-12,
      );
      near(
        stage.widthWeights.reduce((a, b) => a + b, 0),
        1,
        1e-12,
      );
    }
    counts.set(mixture[1].widths[2], (counts.get(mixture[1].widths[2]) ?? 0) + 1);
  }
  for (let width = 9; width <= 12; width++) near((counts.get(width) ?? 0) / (draws / 10), 0.25, 0.04);
});

test('the same seed and iteration give the same draw, another iteration another', () => {
  const at = (iteration: number) => drawMixture(randomOf(9, 'theta-step', iteration), bins, zerosOf(bins), 1);
  assert.deepEqual(at(4), at(4));
  assert.notDeepEqual(at(4), at(5));
});
