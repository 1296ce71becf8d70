import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  architectureSearchSpace,
  containsArchitecture,
  containsSpace,
  countArchitectures,
  depthBins,
  drawArchitecture,
  drawPermutation,
  formatArchitecture,
  formatSpace,
  parseArchitecture,
  parseSpace,
  randomOf,
  type SearchSpace,
  SpaceSyntaxError,
  spaceOfBins,
  wholeSpace,
  widthBins,
} from '../src/index.ts';

const stage = (stride: number) => ({
  stride,
  depth: { min: 1, max: 16 },
  width: { min: 1, max: 512 },
  depthBinSize: 4,
  widthBinSize: 32,
});
const expanded: SearchSpace = { stemWidth: 16, stages: [stage(1), stage(2), stage(2)] };
const range = (max: number) =>
  fc.tuple(fc.integer({ min: 1, max }), fc.integer({ min: 1, max })).map(([a, b]) => ({
    min: Math.min(a, b),
    max: Math.max(a, b),
  }));
const networkSpace = fc
  .array(fc.record({ depth: range(16), width: range(512) }), { minLength: 1, maxLength: 4 })
  .map((stages) => ({ stages }));

test('the paper search space has 4 depth bins and 16 width bins a stage', () => {
  assert.equal(depthBins(expanded.stages[0]).length, 4);
  assert.equal(widthBins(expanded.stages[0]).length, 16);
  assert.deepEqual(depthBins(expanded.stages[0])[1], { min: 5, max: 8 });
  assert.deepEqual(widthBins(expanded.stages[0])[15], { min: 481, max: 512 });
});

test('a space of bins holds 2,097,152 architectures, all inside the search space', () => {
  const bins = [0, 1, 2].map((i) => ({ depth: i, width: 5 * i }));
  const space = spaceOfBins(expanded, bins);
  assert.equal(countArchitectures(space), 2_097_152);
  assert.equal(formatSpace(space), '1..4x1..32-5..8x161..192-9..12x321..352');
  assert.ok(containsSpace(wholeSpace(expanded), space));
});

test('an architecture search space has one bin a depth and a width', () => {
  const inside = architectureSearchSpace(expanded, parseSpace('1..4x33..64-5..8x1..32-1..4x1..32'));
  assert.equal(depthBins(inside.stages[1]).length, 4);
  assert.equal(widthBins(inside.stages[0]).length, 32);
  assert.deepEqual(widthBins(inside.stages[0])[0], { min: 33, max: 33 });
});

test('texts read back as what was written', () => {
  fc.assert(
    fc.property(networkSpace, fc.integer(), (space, seed) => {
      const text = formatSpace(space);
      assert.equal(formatSpace(parseSpace(text)), text);
      const architecture = drawArchitecture(randomOf(seed), space);
      assert.ok(containsArchitecture(space, architecture));
      assert.deepEqual(parseArchitecture(formatArchitecture(architecture)), architecture);
    }),
  );
});

test('a text that is no architecture or space says what was expected', () => {
  for (const text of ['', '2x', '0x3', '2x16-', '2x16_3x32', '-1x3', '2X16', '2x16-3x1e9']) {
    assert.throws(() => parseArchitecture(text), SpaceSyntaxError, text);
  }
  for (const text of ['', '4..1x1..3', '0..2x1..2', '1..2x1...3', '1..2']) {
    assert.throws(() => parseSpace(text), /expected MIN\.\.MAXxMIN\.\.MAX/, text);
  }
});

test('a stream depends on seed and path alone, and differs between paths', () => {
  const draw = (...path: (string | number)[]) =>
    Array.from(
      { length: 8 },
      (
        (r) => () =>
          r.uniform()
      )(randomOf(7, ...path)),
    );
  assert.deepEqual(draw('theta', 3), draw('theta', 3));
  assert.notDeepEqual(draw('theta', 3), draw('theta', 4));
  assert.notDeepEqual(draw('theta', 3), draw('weights', 3));
});

test('neighbouring streams are uncorrelated and uniform', () => {
  const n = 20_000;
  const first = Array.from({ length: n }, (_, i) => randomOf(0, 'x', i).uniform());
  const mean = first.reduce((a, b) => a + b) / n;
  const lag = first.slice(1).reduce((sum, u, i) => sum + (u - 0.5) * (first[i] - 0.5), 0) / n;
  assert.ok(Math.abs(mean - 0.5) < 0.01, `mean ${mean}`);
  assert.ok(Math.abs(lag * 12) < 0.03, `correlation ${lag * 12}`);
});

test('a permutation holds every number once', () => {
  assert.deepEqual(
    [...drawPermutation(randomOf(1), 100)].sort((a, b) => a - b),
    Array.from({ length: 100 }, (_, i) => i),
  );
});
