import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MixtureGradient, StageMixture } from '@nss/space';
import fc from 'fast-check';
import { SuperNetwork, thetaStep } from '../src/index.ts';
import { cutMixture, THETA_CUT } from '../src/theta-cut.ts';
import { engine, input, mixtures, randomBatch, space } from './fixture.ts';

const { kernels } = engine;

/** Mixtures whose deepest and widest bins have next to no weight. */
const concentrated: StageMixture[] = [
  { depths: [1, 2, 3], depthWeights: [0.3, 0.695, 0.005], widths: [3, 5, 8], widthWeights: [0.691, 0.3, 0.009] },
  { depths: [1, 2, 3], depthWeights: [0.992, 0.004, 0.004], widths: [2, 8], widthWeights: [0.994, 0.006] },
];

const weightsOfValues = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 64 }), fc.double({ min: 1e-9, max: 1, noNaN: true })), { minLength: 1 })
  .map((bins) => {
    const sum = bins.reduce((total, [, weight]) => total + weight, 0);
    return { values: bins.map(([value]) => value), weights: bins.map(([, weight]) => weight / sum) };
  });

test('what lies beyond the weight of a mixture counts as the largest value that has it', () => {
  assert.deepEqual(cutMixture(concentrated[0], 0.01), { ...concentrated[0], depths: [1, 2, 2], widths: [3, 5, 5] });
  assert.deepEqual(cutMixture(concentrated[1], 0.01), { ...concentrated[1], depths: [1, 1, 1], widths: [2, 2] });
  assert.deepEqual(cutMixture(mixtures[0], 0.01), mixtures[0]);
});

test('a cut leaves no more weight than it says beyond the largest value, and no smaller value would do', () => {
  fc.assert(
    fc.property(weightsOfValues, fc.double({ min: 1e-6, max: 0.5, noNaN: true }), ({ values, weights }, cut) => {
      const mixture = { depths: values, depthWeights: weights, widths: values, widthWeights: weights };
      const { depths, widths } = cutMixture(mixture, cut);
      assert.deepEqual(depths, widths);
      const largest = Math.max(...depths);
      const beyond = (limit: number) => weights.reduce((sum, w, j) => (values[j] > limit ? sum + w : sum), 0);
      assert.ok(beyond(largest) <= cut);
      for (const smaller of values.filter((value) => value < largest)) assert.ok(beyond(smaller) > cut);
      for (const [j, value] of values.entries()) assert.equal(depths[j], Math.min(value, largest));
    }),
  );
});

test('a cut step is the whole step of the mixture as cut, bit for bit', () => {
  const network = new SuperNetwork(kernels, space, input, 1);
  const batch = randomBatch(16);
  const cut = thetaStep(kernels, network, batch, concentrated, 0.01);
  const asCut = thetaStep(
    kernels,
    network,
    batch,
    concentrated.map((mixture) => cutMixture(mixture, 0.01)),
    0,
  );
  assert.deepEqual(cut, asCut);
  assert.deepEqual(
    thetaStep(kernels, network, batch, mixtures),
    thetaStep(kernels, network, batch, mixtures, 0),
    'nothing to cut',
  );
  network.close();
});

test('what a cut changes in loss and gradient is small, and smaller for a smaller cut', () => {
  const differences = { usual: 0, tenth: 0, whole: 0 };
  for (let seed = 0; seed < 5; seed++) {
    const network = new SuperNetwork(kernels, space, input, seed);
    const batch = randomBatch(32, seed);
    const whole = thetaStep(kernels, network, batch, concentrated, 0);
    const cut = thetaStep(kernels, network, batch, concentrated, THETA_CUT);
    const lighter = thetaStep(kernels, network, batch, concentrated.map(lightened), THETA_CUT);
    const wholeLighter = thetaStep(kernels, network, batch, concentrated.map(lightened), 0);
    assert.notEqual(cut.loss, whole.loss, 'something was cut');
    assert.ok(Math.abs(cut.loss - whole.loss) < 0.03, `loss ${cut.loss}, whole ${whole.loss}`);
    const expected = pullsOf(concentrated, whole.gradients);
    const found = pullsOf(concentrated, cut.gradients);
    const light = concentrated.map(lightened);
    const expectedLighter = pullsOf(light, wholeLighter.gradients);
    const foundLighter = pullsOf(light, lighter.gradients);
    differences.whole += squares(expected);
    differences.usual += squares(found.map((value, k) => value - expected[k]));
    differences.tenth += squares(foundLighter.map((value, k) => value - expectedLighter[k]));
    network.close();
  }
  assert.ok(differences.usual < 0.2 ** 2 * differences.whole, JSON.stringify(differences));
  assert.ok(differences.tenth < 0.25 ** 2 * differences.usual, JSON.stringify(differences));
});

const squares = (values: readonly number[]) => values.reduce((sum, value) => sum + value ** 2, 0);

/** The mixture with a tenth of the weight in the bins that are cut. */
function lightened(mixture: StageMixture): StageMixture {
  const lighter = (weights: readonly number[]) => {
    const next = weights.map((weight) => (weight < THETA_CUT ? weight / 10 : weight));
    const sum = next.reduce((total, weight) => total + weight, 0);
    return next.map((weight) => weight / sum);
  };
  return { ...mixture, depthWeights: lighter(mixture.depthWeights), widthWeights: lighter(mixture.widthWeights) };
}

/** What moves the logits: weight x (gradient - mean gradient), for every bin of every variable. */
function pullsOf(mixtures: readonly StageMixture[], gradients: readonly MixtureGradient[]): number[] {
  return gradients.flatMap((gradient, i) =>
    (['depthWeights', 'widthWeights'] as const).flatMap((kind) => {
      const weights = mixtures[i][kind];
      const mean = weights.reduce((sum, weight, j) => sum + weight * gradient[kind][j], 0);
      return weights.map((weight, j) => weight * (gradient[kind][j] - mean));
    }),
  );
}
