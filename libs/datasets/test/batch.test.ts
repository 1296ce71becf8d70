import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomOf } from '@nss/space';
import fc from 'fast-check';
import {
  assembleBatch,
  batchesPerEpoch,
  batchIndices,
  type Images,
  type Split,
  splitOf,
  trainingBatch,
} from '../src/index.ts';

/** Images whose every byte is known: made-up, but never the same twice in a row. */
function madeUp(count: number, height: number, width: number): Images {
  const images = Uint8Array.from({ length: count * height * width * 3 }, (_, i) => 1 + ((i * 37) % 255));
  return { images, labels: Uint8Array.from({ length: count }, (_, i) => i % 10), count, height, width };
}

/** Normalisation that keeps bytes recognisable: value / 255 - 0 over 1 / 255 is the byte itself. */
const asBytes = { mean: [0, 0, 0], std: [1 / 255, 1 / 255, 1 / 255] };

const sizes = fc.tuple(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 200 })).map(([a, b]) => ({
  count: Math.max(a, b),
  batchSize: Math.min(a, b),
}));
const split = fc.constantFrom<Split>('all', 'weights', 'theta');

test('the halves of a split share no image and leave none out', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 50 }), (count) => {
      const train = madeUp(count, 2, 2);
      const [weights, theta] = [splitOf({ train }, 'weights'), splitOf({ train }, 'theta')];
      assert.equal(weights.count, Math.floor(count / 2));
      assert.equal(splitOf({ train }, 'all'), train);
      assert.deepEqual([...weights.images, ...theta.images], [...train.images]);
      assert.deepEqual([...weights.labels, ...theta.labels], [...train.labels]);
      assert.equal(theta.images.buffer, train.images.buffer, 'a view, not a copy');
    }),
  );
});

test('an epoch of whole batches uses no image twice, and every image when the batches fit', () => {
  fc.assert(
    fc.property(sizes, fc.integer(), split, fc.nat(5), ({ count, batchSize }, seed, of, epoch) => {
      const batches = batchesPerEpoch(count, batchSize);
      const seen = new Set<number>();
      for (let i = 0; i < batches; i++) {
        const indices = batchIndices(count, batchSize, seed, of, epoch * batches + i);
        assert.equal(indices.length, batchSize);
        for (const index of indices) seen.add(index);
      }
      assert.equal(seen.size, batches * batchSize);
      assert.ok([...seen].every((index) => index < count));
      if (count % batchSize === 0) assert.equal(seen.size, count);
    }),
  );
});

test('batches depend on seed, split and iteration alone, not on what was asked before', () => {
  fc.assert(
    fc.property(sizes, fc.integer(), split, fc.nat(1000), fc.nat(1000), ({ count, batchSize }, seed, of, i, j) => {
      const before = batchIndices(count, batchSize, seed, of, i);
      const copy = [...before];
      before.fill(0);
      batchIndices(count, batchSize, seed + 1, of, j);
      batchIndices(count, batchSize, seed, of, j);
      assert.deepEqual([...batchIndices(count, batchSize, seed, of, i)], copy);
    }),
  );
  const order = (...[seed, of, iteration]: [number, Split, number]) => [...batchIndices(64, 64, seed, of, iteration)];
  assert.notDeepEqual(order(0, 'all', 0), order(1, 'all', 0));
  assert.notDeepEqual(order(0, 'weights', 0), order(0, 'theta', 0));
  assert.notDeepEqual(order(0, 'all', 0), order(0, 'all', 1));
});

test('a batch larger than the split, or empty, is refused with both numbers', () => {
  assert.throws(() => batchIndices(10, 11, 0, 'all', 0), /batch size 11 of 10 images/);
  assert.throws(() => batchesPerEpoch(10, 0), RangeError);
});

test('without augmentation a batch is the images, normalised', () => {
  const source = madeUp(4, 3, 5);
  const mean = [0.1, 0.5, 0.9];
  const std = [0.2, 0.3, 0.4];
  const { images, labels } = assembleBatch(source, [2, 0], { mean, std });
  assert.deepEqual([...labels], [2, 0]);
  const size = 3 * 5 * 3;
  for (let i = 0; i < 2 * size; i++) {
    const value = source.images[i < size ? 2 * size + i : i - size];
    assert.equal(images[i], Math.fround((value / 255 - mean[i % 3]) / std[i % 3]));
  }
});

test('an augmented image is some crop of the padded original, mirrored or not, the border zero', () => {
  const shape = fc.record({
    height: fc.integer({ min: 1, max: 6 }),
    width: fc.integer({ min: 1, max: 6 }),
    padding: fc.nat(3),
    flip: fc.boolean(),
    seed: fc.integer(),
  });
  fc.assert(
    fc.property(shape, ({ height, width, padding, flip, seed }) => {
      const source = madeUp(3, height, width);
      const augmentation = { padding, flip };
      const { images } = assembleBatch(source, [0, 1, 2], { ...asBytes, augmentation, random: randomOf(seed) });
      const cuts: { down: number; right: number; mirror: boolean }[] = [];
      for (let down = -padding; down <= padding; down++) {
        for (let right = -padding; right <= padding; right++) {
          for (const mirror of flip ? [false, true] : [false]) cuts.push({ down, right, mirror });
        }
      }
      for (let i = 0; i < 3; i++) {
        const found = [...images.subarray(i * height * width * 3, (i + 1) * height * width * 3)].map(Math.round);
        const possible: string[] = cuts.map((cut) => JSON.stringify(cutOf(source, i, cut)));
        assert.ok(possible.includes(JSON.stringify(found)), `image ${i}: ${found}`);
      }
    }),
  );
});

test('every crop and mirror comes up about equally often, and images of a batch vary independently', () => {
  const source = madeUp(1, 4, 4);
  const count = 5000;
  const { images } = assembleBatch(source, new Array(count).fill(0), {
    ...asBytes,
    augmentation: { padding: 2, flip: true },
    random: randomOf(0, 'augment', 1),
  });
  const seen = new Map<string, number>();
  for (let i = 0; i < count; i++) {
    const key = images.subarray(i * 48, (i + 1) * 48).join();
    seen.set(key, (seen.get(key) ?? 0) + 1);
  }
  assert.equal(seen.size, 5 * 5 * 2);
  // 100 of each are expected; 5 standard deviations are 50.
  assert.ok(
    [...seen.values()].every((n) => n > 50 && n < 150),
    [...seen.values()].join(),
  );
});

test('augmentation follows from its stream, and a batch can be written over an old one', () => {
  const source = madeUp(20, 5, 5);
  const augmentation = { padding: 2, flip: true };
  const assemble = (iteration: number, into?: ReturnType<typeof assembleBatch>) =>
    assembleBatch(source, [1, 2, 3], { ...asBytes, augmentation, random: randomOf(3, 'augment', iteration) }, into);
  const first = assemble(7);
  const buffer = assemble(8);
  assert.notDeepEqual(buffer.images, first.images);
  assert.equal(assemble(7, buffer), buffer);
  assert.deepEqual(buffer, first);
  assert.throws(() => assembleBatch(source, [1], { ...asBytes }, buffer), /cannot take 1 images of 5x5x3/);
});

test('the batch of an iteration trains weights with images that its own stream varies, and theta with images as they are', () => {
  const source = {
    train: madeUp(20, 5, 5),
    mean: [0.1, 0.2, 0.3],
    std: [0.2, 0.3, 0.4],
    batchSize: 4,
    augmentation: { padding: 2, flip: true },
    seed: 9,
  };
  const { mean, std, augmentation, seed } = source;
  for (const part of ['all', 'weights', 'theta'] as const) {
    for (const iteration of [0, 3, 11]) {
      const images = splitOf(source, part);
      const indices = batchIndices(images.count, 4, seed, part, iteration);
      const random = randomOf(seed, 'augmentation', part, iteration);
      const expected = assembleBatch(
        images,
        indices,
        part === 'theta' ? { mean, std } : { mean, std, augmentation, random },
      );
      assert.deepEqual(trainingBatch(source, part, iteration), expected);
      assert.deepEqual(trainingBatch(source, part, iteration, trainingBatch(source, part, 1)), expected);
    }
  }
});

test('a channel without spread loses its mean and nothing else', () => {
  const source = { ...madeUp(1, 1, 1), images: Uint8Array.from([51, 51, 51]) };
  const { images } = assembleBatch(source, [0], { mean: [0.2, 0.2, 0.1], std: [0, 1, 1] });
  assert.ok(Math.abs(images[0]) < 1e-7 && Math.abs(images[2] - 0.1) < 1e-7);
});

/** The reference: one image, padded, cut, mirrored, pixel by pixel. */
function cutOf(
  source: Images,
  index: number,
  { down, right, mirror }: { down: number; right: number; mirror: boolean },
) {
  const { height, width } = source;
  const pixelAt = (y: number, x: number) => {
    const at = ((index * height + y) * width + x) * 3;
    return y >= 0 && y < height && x >= 0 && x < width ? [...source.images.subarray(at, at + 3)] : [0, 0, 0];
  };
  const rows = Array.from({ length: height }, (_, y) =>
    Array.from({ length: width }, (_, x) => pixelAt(y + down, x + right)),
  );
  return rows.flatMap((row) => (mirror ? row.reverse() : row)).flat();
}
