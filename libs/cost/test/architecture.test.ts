import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Architecture, drawArchitecture, randomOf, type SearchSpace, wholeSpace } from '@nss/space';
import fc from 'fast-check';
import { architectureCost, architectureParameters, costRange, costsOf } from '../src/index.ts';
import { cifar10, enumerate, expandedSpace, inputShape, smallSearchSpace } from './spaces.ts';

const paper = expandedSpace(1, 2, 2);

test('a space that says no block has basic ones', () => {
  const architecture = drawArchitecture(randomOf(1), wholeSpace(paper));
  const costs = [paper, { ...paper, block: 'basic' as const }, { ...paper, block: 'bottleneck' as const }].map(
    (space) => [architectureCost(space, cifar10, architecture), architectureParameters(space, cifar10, architecture)],
  );
  assert.deepEqual(costs[0], costs[1]);
  assert.ok(costs[2][0] < costs[0][0] && costs[2][1] < costs[0][1], `${costs[2]} against ${costs[0]}`);
});

test('the largest network of the paper costs 99.2 GF, and 24.8 GF with strides 2, 2, 2', () => {
  assert.equal(costRange(paper, cifar10, wholeSpace(paper)).max, 99_220_902_922);
  const halved = expandedSpace(2, 2, 2);
  assert.equal(costRange(halved, cifar10, wholeSpace(halved)).max, 24_805_561_354);
});

/** The blocks in words: of each convolution its kernel, and whether the stride of a stage's first block comes before or with it. */
const convolutions = {
  basic: [
    { kernel: 3, isBehindStride: true },
    { kernel: 3, isBehindStride: true },
  ],
  bottleneck: [
    { kernel: 1, isBehindStride: false },
    { kernel: 3, isBehindStride: true },
    { kernel: 1, isBehindStride: true },
  ],
};

/** Cost and parameters summed layer by layer, in the words of method section 3. */
function sumOfLayers(space: SearchSpace, input: typeof cifar10, architecture: Architecture) {
  let multiplyAdds = 0;
  let parameters = 0;
  const layer = (kernel: number, from: number, to: number, pixels: number) => {
    multiplyAdds += kernel * kernel * from * to * pixels;
    parameters += kernel * kernel * from * to + 2 * to;
  };
  let [rows, columns, channels] = [input.height, input.width, space.stemWidth];
  layer(3, input.channels, channels, rows * columns);
  for (const [i, { depth, width }] of architecture.stages.entries()) {
    const given = { pixels: rows * columns, channels };
    [rows, columns] = [Math.ceil(rows / space.stages[i].stride), Math.ceil(columns / space.stages[i].stride)];
    for (let block = 0; block < depth; block++) {
      for (const { kernel, isBehindStride } of convolutions[space.block ?? 'basic']) {
        layer(kernel, channels, width, block > 0 || isBehindStride ? rows * columns : given.pixels);
        channels = width;
      }
    }
    layer(1, given.channels, width, rows * columns);
  }
  const head = channels * input.classes + input.classes;
  return { multiplyAdds: multiplyAdds + head, parameters: parameters + head };
}

test('cost and parameters are the sums over the layers', () => {
  fc.assert(
    fc.property(smallSearchSpace, inputShape, fc.integer(), (space, input, seed) => {
      const architecture = drawArchitecture(randomOf(seed), wholeSpace(space));
      const expected = sumOfLayers(space, input, architecture);
      assert.equal(architectureCost(space, input, architecture), expected.multiplyAdds);
      assert.equal(architectureParameters(space, input, architecture), expected.parameters);
    }),
  );
});

test('a batch gives what its architectures give one by one', () => {
  fc.assert(
    fc.property(smallSearchSpace, inputShape, (space, input) => {
      const architectures = enumerate(wholeSpace(space)).slice(0, 50);
      const packed = Int32Array.from(
        architectures.flatMap(({ stages }) => stages.flatMap(({ depth, width }) => [depth, width])),
      );
      const { multiplyAdds, parameters } = costsOf(space, input, packed);
      assert.deepEqual(
        [...multiplyAdds],
        architectures.map((architecture) => architectureCost(space, input, architecture)),
      );
      assert.deepEqual(
        [...parameters],
        architectures.map((architecture) => architectureParameters(space, input, architecture)),
      );
    }),
  );
});

test('a list that ends inside an architecture is refused', () => {
  assert.throws(() => costsOf(paper, cifar10, [1, 16, 2, 32, 3]), /5 numbers .* expected a multiple of 6/);
  assert.equal(costsOf(paper, cifar10, []).multiplyAdds.length, 0);
});

test('more depth or width anywhere costs more multiply-adds and more parameters', () => {
  const grow = fc.record({ stage: fc.nat(2), variable: fc.constantFrom('depth' as const, 'width' as const) });
  fc.assert(
    fc.property(fc.integer(), grow, (seed, { stage, variable }) => {
      const small = drawArchitecture(randomOf(seed), wholeSpace(paper));
      const large = {
        stages: small.stages.map((s, i) => (i === stage ? { ...s, [variable]: s[variable] + 1 } : s)),
      };
      assert.ok(architectureCost(paper, cifar10, large) > architectureCost(paper, cifar10, small));
      assert.ok(architectureParameters(paper, cifar10, large) > architectureParameters(paper, cifar10, small));
    }),
  );
});

test('the cost range is attained and holds every architecture', () => {
  fc.assert(
    fc.property(smallSearchSpace, inputShape, (space, input) => {
      const costs = enumerate(wholeSpace(space)).map((architecture) => architectureCost(space, input, architecture));
      const range = { min: costs.reduce((a, b) => Math.min(a, b)), max: costs.reduce((a, b) => Math.max(a, b)) };
      assert.deepEqual(costRange(space, input, wholeSpace(space)), range);
    }),
    { numRuns: 30 },
  );
});
