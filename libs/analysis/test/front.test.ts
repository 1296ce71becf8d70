import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type CostAndError, distancesToFront, hypervolume, paretoFront } from '../src/index.ts';

/** Few different numbers, so that ties and equal points are common. */
const point = fc.record({ cost: fc.integer({ min: 1, max: 12 }), error: fc.integer({ min: 0, max: 12 }) });
const points = fc.array(point, { maxLength: 40 });

const beats = (a: CostAndError, b: CostAndError) =>
  a.cost <= b.cost && a.error <= b.error && (a.cost < b.cost || a.error < b.error);

test('the front is what nobody beats, each point once, by ascending cost', () => {
  fc.assert(
    fc.property(points, (all) => {
      const isFirst = (p: CostAndError, i: number) =>
        all.findIndex((q) => q.cost === p.cost && q.error === p.error) === i;
      const expected = Array.from(all.keys())
        .filter((i) => isFirst(all[i], i) && !all.some((other) => beats(other, all[i])))
        .sort((i, j) => all[i].cost - all[j].cost);
      assert.deepEqual(paretoFront(all), expected);
    }),
  );
});

test('the front of a known set', () => {
  const known = [
    { cost: 4, error: 20 },
    { cost: 2, error: 40 },
    { cost: 3, error: 40 },
    { cost: 8, error: 10 },
    { cost: 8, error: 15 },
    { cost: 9, error: 12 },
    { cost: 2, error: 40 },
  ];
  assert.deepEqual(paretoFront(known), [1, 0, 3]);
  assert.deepEqual(paretoFront([]), []);
});

test('the hypervolume is the area of the unit squares that some point beats', () => {
  const reference = { cost: 10, error: 9 };
  fc.assert(
    fc.property(points, (all) => {
      let squares = 0;
      for (let cost = 0; cost < reference.cost; cost++) {
        for (let error = 0; error < reference.error; error++) {
          if (all.some((p) => p.cost <= cost && p.error <= error)) squares++;
        }
      }
      assert.equal(hypervolume(all, reference), squares);
    }),
  );
});

test('a point more never makes the hypervolume smaller', () => {
  fc.assert(
    fc.property(points, point, (all, another) => {
      const reference = { cost: 10, error: 10 };
      assert.ok(hypervolume([...all, another], reference) >= hypervolume(all, reference));
    }),
  );
});

test('the distance to the front is the error above the best point that costs no more', () => {
  fc.assert(
    fc.property(points, points, (all, front) => {
      const expected = all.map(({ cost, error }) => {
        const affordable = front.filter((step) => step.cost <= cost).map((step) => step.error);
        return affordable.length === 0 ? Number.NaN : error - Math.min(...affordable);
      });
      assert.deepEqual([...distancesToFront(all, front)], expected);
    }),
  );
});

test('points of a front are at distance 0 from it, others of its set at 0 or more', () => {
  fc.assert(
    fc.property(points, (all) => {
      const front = paretoFront(all);
      const distances = distancesToFront(all, all);
      for (const index of front) assert.equal(distances[index], 0);
      assert.ok(distances.every((distance) => distance >= 0));
    }),
  );
});

test('a point that beats the front is at a negative distance, one cheaper than all of it at none', () => {
  const front = [
    { cost: 2, error: 40 },
    { cost: 4, error: 20 },
  ];
  const points = [
    { cost: 3, error: 35 },
    { cost: 4, error: 21 },
    { cost: 1, error: 35 },
  ];
  assert.deepEqual([...distancesToFront(points, front)], [-5, 1, Number.NaN]);
});
