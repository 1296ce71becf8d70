import assert from 'node:assert/strict';
import { test } from 'node:test';
import { depthBins, type InputShape, type SearchSpace, spaceOfBins, wholeSpace, widthBins } from '@nss/space';
import fc from 'fast-check';
import { architectureCost, type BinWeights, distributionCost, spaceCost } from '../src/index.ts';
import { cifar10, enumerate, expandedSpace, inputShape, smallSearchSpace, weightsFor } from './spaces.ts';

const spaceAndWeights = smallSearchSpace.chain((space) => fc.tuple(fc.constant(space), weightsFor(space)));

function assertClose(found: number, expected: number, relative: number, what: string) {
  assert.ok(Math.abs(found - expected) <= relative * Math.abs(expected), `${what}: ${found}, expected ${expected}`);
}

const normalised = (weights: readonly BinWeights[]) =>
  weights.map(({ depth, width }) => ({ depth: toShares(Array.from(depth)), width: toShares(Array.from(width)) }));

function toShares(weights: number[]): number[] {
  const sum = weights.reduce((a, b) => a + b);
  return weights.map((weight) => weight / sum);
}

/** The mean by visiting every architecture, with the probability that the bins give it. */
function meanByEnumeration(space: SearchSpace, input: InputShape, probabilities: readonly BinWeights[]): number {
  return enumerate(wholeSpace(space)).reduce((mean, architecture) => {
    const probability = architecture.stages.reduce((product, { depth, width }, i) => {
      const stage = space.stages[i];
      const depthBin = Math.floor((depth - stage.depth.min) / stage.depthBinSize);
      const widthBin = Math.floor((width - stage.width.min) / stage.widthBinSize);
      const { depth: depths, width: widths } = probabilities[i];
      return (product * depths[depthBin] * widths[widthBin]) / (stage.depthBinSize * stage.widthBinSize);
    }, 1);
    return mean + probability * architectureCost(space, input, architecture);
  }, 0);
}

test('the mean under a distribution over bins is the mean by enumeration', () => {
  fc.assert(
    fc.property(spaceAndWeights, inputShape, ([space, weights], input) => {
      const probabilities = normalised(weights);
      const { mean } = distributionCost(space, input, probabilities);
      assertClose(mean, meanByEnumeration(space, input, probabilities), 1e-10, 'mean');
    }),
    { numRuns: 60 },
  );
});

test('the mean of a network space is the mean by enumeration', () => {
  fc.assert(
    fc.property(smallSearchSpace, inputShape, (space, input) => {
      const costs = enumerate(wholeSpace(space)).map((architecture) => architectureCost(space, input, architecture));
      const mean = costs.reduce((a, b) => a + b) / costs.length;
      assertClose(spaceCost(space, input, wholeSpace(space)), mean, 1e-10, 'mean');
    }),
    { numRuns: 60 },
  );
});

test('all weight on one bin a variable gives the mean of the space of these bins', () => {
  const paper = expandedSpace(1, 2, 2);
  const bin = fc.record({ depth: fc.nat(3), width: fc.nat(15) });
  fc.assert(
    fc.property(fc.tuple(bin, bin, bin), (bins) => {
      const oneHot = (length: number, index: number) => Array.from({ length }, (_, j) => Number(j === index));
      const weights = bins.map(({ depth, width }) => ({ depth: oneHot(4, depth), width: oneHot(16, width) }));
      const expected = spaceCost(paper, cifar10, spaceOfBins(paper, bins));
      assertClose(distributionCost(paper, cifar10, weights).mean, expected, 1e-12, 'mean');
    }),
  );
});

test('the gradient in every weight equals finite differences', () => {
  fc.assert(
    fc.property(spaceAndWeights, inputShape, ([space, weights], input) => {
      const { mean, gradient } = distributionCost(space, input, weights);
      for (const [i, stage] of weights.entries()) {
        assert.equal(gradient[i].depth.length, depthBins(space.stages[i]).length);
        assert.equal(gradient[i].width.length, widthBins(space.stages[i]).length);
        for (const variable of ['depth', 'width'] as const) {
          for (const j of stage[variable].keys()) {
            const at = (step: number) => {
              const moved = stage[variable].map((weight, k) => (k === j ? weight + step : weight));
              const changed = weights.map((other, k) => (k === i ? { ...other, [variable]: moved } : other));
              return distributionCost(space, input, changed).mean;
            };
            // The mean is linear in each single weight, so a wide central difference has rounding error only.
            const expected = (at(0.5) - at(-0.5)) / 1;
            const found = gradient[i][variable][j];
            assert.ok(
              Math.abs(found - expected) <= 1e-10 * (Math.abs(expected) + Math.abs(mean)),
              `stage ${i} ${variable} ${j}: ${found}, expected ${expected}`,
            );
          }
        }
      }
    }),
    { numRuns: 60 },
  );
});

test('typed arrays of Gumbel-Softmax weights are taken as they are', () => {
  const space = expandedSpace(1, 2);
  const weights = space.stages.map(() => ({
    depth: new Float32Array(4).fill(0.25),
    width: new Float32Array(16).fill(1 / 16),
  }));
  assertClose(
    distributionCost(space, cifar10, weights).mean,
    spaceCost(space, cifar10, wholeSpace(space)),
    1e-12,
    'mean',
  );
});
