import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countArchitectures, type InputShape, parseSpace, randomOf, type SearchSpace, wholeSpace } from '@nss/space';
import fc from 'fast-check';
import { measureSample } from '../src/certificate.ts';
import { countAtMost, countingTable } from '../src/counting.ts';
import { certify, costsOf, shareNearTarget, spaceCost } from '../src/index.ts';
import { multiplyAddsOf } from '../src/polynomial.ts';
import { cifar10, enumerate, expandedSpace, inputShape, numbersOf, smallSearchSpace } from './spaces.ts';

const paper = expandedSpace(1, 2, 2);

/** Costs of all architectures of a whole search space, ascending. */
function allCosts(space: SearchSpace, input: InputShape): Float64Array {
  const packed = enumerate(wholeSpace(space)).flatMap(({ stages }) => stages.flatMap((s) => [s.depth, s.width]));
  return costsOf(space, input, packed).multiplyAdds.sort();
}

test('a certificate equals brute force', () => {
  fc.assert(
    fc.property(smallSearchSpace, inputShape, fc.double({ min: 0, max: 1, noNaN: true }), (space, input, position) => {
      const costs = allCosts(space, input);
      // A target that is itself a cost puts architectures on the bounds of the window as often as chance allows.
      const target = costs[Math.floor(position * (costs.length - 1))];
      const within = costs.filter((cost) => 10 * cost >= 9 * target && 10 * cost <= 11 * target);
      const quantile = (percent: number) => ({
        probability: percent / 100,
        multiplyAdds: costs.find((_, i) => (i + 1) * 100 >= percent * costs.length),
      });
      const { meanMultiplyAdds, deviation, ...counted } = certify(space, input, wholeSpace(space), target);
      assert.deepEqual(counted, {
        architectures: costs.length,
        minMultiplyAdds: costs[0],
        maxMultiplyAdds: costs[costs.length - 1],
        quantiles: [5, 25, 50, 75, 95].map(quantile),
        targetMultiplyAdds: target,
        shareWithin10Percent: within.length / costs.length,
        exact: true,
        shareError: 0,
      });
      assert.equal(meanMultiplyAdds, spaceCost(space, input, wholeSpace(space)));
      assert.equal(deviation, meanMultiplyAdds / target - 1);
      for (const percent of [0, 1, 10, 25]) {
        const near = costs.filter(
          (cost) => 100 * cost >= (100 - percent) * target && 100 * cost <= (100 + percent) * target,
        );
        assert.equal(
          shareNearTarget(space, input, wholeSpace(space), { target, tolerance: percent / 100 }),
          near.length / costs.length,
        );
      }
    }),
    { numRuns: 60 },
  );
});

test('counting finds every architecture at its cost and none between', () => {
  fc.assert(
    fc.property(smallSearchSpace, inputShape, (space, input) => {
      const costs = allCosts(space, input);
      const table = countingTable(multiplyAddsOf(space, input), wholeSpace(space));
      assert.ok(table);
      for (let i = 0; i < costs.length; i += 1 + Math.floor(costs.length / 20)) {
        assert.equal(countAtMost(table, costs[i]), costs.findLastIndex((cost) => cost <= costs[i]) + 1);
        assert.equal(
          countAtMost(table, costs[i] - 1),
          costs.findIndex((cost) => cost >= costs[i]),
        );
      }
    }),
    { numRuns: 30 },
  );
});

test('the table of a paper Elite Space holds 20,480 sums for its 2,097,152 architectures, and they count right', () => {
  const elite = parseSpace('1..4x33..64-5..8x1..32-13..16x481..512');
  const table = countingTable(multiplyAddsOf(paper, cifar10), elite);
  assert.ok(table);
  const sums = [...table.heads, ...table.tails].reduce((count, part) => count + part.length, 0);
  assert.equal(sums, 32 * (512 + 128));

  const [first, second, third] = elite.stages.map(({ depth, width }) =>
    numbersOf(depth).flatMap((d) => numbersOf(width).map((w) => [d, w])),
  );
  const packed = new Int32Array(6 * countArchitectures(elite));
  let at = 0;
  for (const a of first)
    for (const b of second)
      for (const c of third) {
        packed[at] = a[0];
        packed[at + 1] = a[1];
        packed[at + 2] = b[0];
        packed[at + 3] = b[1];
        packed[at + 4] = c[0];
        packed[at + 5] = c[1];
        at += 6;
      }
  const costs = costsOf(paper, cifar10, packed).multiplyAdds.sort();
  const target = costs[costs.length / 2];
  const certificate = certify(paper, cifar10, elite, target);
  assert.equal(certificate.architectures, costs.length);
  for (const { probability, multiplyAdds } of certificate.quantiles) {
    assert.equal(multiplyAdds, costs[Math.ceil(probability * costs.length) - 1]);
  }
  const within = costs.filter((cost) => 10 * cost >= 9 * target && 10 * cost <= 11 * target).length;
  assert.ok(within > 0 && within < costs.length, 'the target tells something');
  assert.equal(certificate.shareWithin10Percent, within / costs.length);
});

test('without a target there is no deviation and no share', () => {
  const { targetMultiplyAdds, deviation, shareWithin10Percent } = certify(
    paper,
    cifar10,
    parseSpace('1x16-1..4x16-1x16'),
  );
  assert.deepEqual([targetMultiplyAdds, deviation, shareWithin10Percent], [0, 0, 0]);
});

test('a space too large to count is sampled, says so, and gives the same certificate again', () => {
  const whole = wholeSpace(paper);
  const certificate = certify(paper, cifar10, whole, 600e6);
  assert.equal(certificate.architectures, 2 ** 39);
  assert.equal(certificate.exact, false);
  assert.ok(certificate.shareError > 0 && certificate.shareError < 0.01);
  assert.equal(certificate.maxMultiplyAdds, 99_220_902_922);
  assert.deepEqual(certify(paper, cifar10, whole, 600e6), certificate);
  assert.notDeepEqual(certify(paper, cifar10, whole, 600e6, randomOf(1)).quantiles, certificate.quantiles);
});

test('a share of which no sample was found still has an error', () => {
  const sampled = measureSample(paper, cifar10, wholeSpace(paper), 1, randomOf(0));
  assert.equal(sampled.shareWithin10Percent, 0);
  assert.ok(sampled.shareError > 0 && sampled.shareError < 1e-4, `${sampled.shareError}`);
});

test('samples agree with the exact count within their stated error', () => {
  const space = parseSpace('1..4x33..64-5..8x1..32-1..4x1..32');
  const exact = certify(paper, cifar10, space, 100e6);
  const sampled = measureSample(paper, cifar10, space, 100e6, randomOf(3));
  // Stated at 95%; twice that leaves a fixed seed no excuse.
  assert.ok(Math.abs(sampled.shareWithin10Percent - exact.shareWithin10Percent) < 2 * sampled.shareError);
  // What cannot be counted is sampled here, too.
  const near = { target: 600e6, tolerance: 0.1 };
  assert.equal(
    shareNearTarget(paper, cifar10, wholeSpace(paper), near),
    certify(paper, cifar10, wholeSpace(paper), near.target).shareWithin10Percent,
  );
  const table = countingTable(multiplyAddsOf(paper, cifar10), space);
  assert.ok(table);
  for (const { probability, multiplyAdds } of sampled.quantiles) {
    const reached: number = countAtMost(table, multiplyAdds) / exact.architectures;
    assert.ok(Math.abs(reached - probability) < 0.01, `${reached}, expected ${probability}`);
  }
});
