import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blockTypes, type SearchSpace } from '@nss/space';
import fc from 'fast-check';
import * as contracts from '../src/index.ts';
import {
  domainLimits,
  type FieldViolation,
  fromArchitecture,
  fromNetworkSpace,
  fromSearchSpace,
  toArchitecture,
  toDatasetSpec,
  toInputShape,
  toNetworkSpace,
  toSearchSpace,
} from '../src/index.ts';

const stage = {
  stride: 2,
  depth: { min: 1, max: 16 },
  width: { min: 1, max: 512 },
  depthBinSize: 4,
  widthBinSize: 32,
};
const space: SearchSpace = { stemWidth: 16, stages: [{ ...stage, stride: 1 }, stage, stage] };
const sound = fromSearchSpace(space);

/** What a conversion says about a message. */
function violationsOf(convert: (violations: FieldViolation[]) => unknown): FieldViolation[] {
  const violations: FieldViolation[] = [];
  const value = convert(violations);
  assert.equal(value === undefined, violations.length > 0, 'a value exactly when there is no violation');
  return violations;
}

const dimension = (limit: number) =>
  fc
    .integer({ min: 1, max: limit })
    .chain((min) => fc.tuple(fc.constant(min), fc.integer({ min, max: limit })))
    .map(([min, max]) => ({ min, max }));
const plain = { noNullPrototype: true } as const;
const stageSpace = fc.record(
  {
    stride: fc.integer({ min: 1, max: domainLimits.stride }),
    depth: dimension(domainLimits.depth),
    width: dimension(domainLimits.width),
    depthBinSize: fc.constant(1),
    widthBinSize: fc.constant(1),
  },
  plain,
);
const searchSpace = fc.record(
  {
    block: fc.constantFrom(...blockTypes),
    stemWidth: fc.integer({ min: 1, max: domainLimits.width }),
    stages: fc.array(stageSpace, { minLength: 1, maxLength: domainLimits.stages }),
  },
  { ...plain, requiredKeys: ['stemWidth', 'stages'] },
);

test('sound values come back through the wire as they were', () => {
  fc.assert(
    fc.property(searchSpace, (value) => {
      const violations: FieldViolation[] = [];
      const wire = contracts.SearchSpace.encode(fromSearchSpace(value)).finish();
      const read = toSearchSpace(contracts.SearchSpace.decode(wire), 'search_space', violations);
      assert.deepEqual(read, value);

      const inner = { stages: value.stages.map(({ depth, width }) => ({ depth, width })) };
      assert.deepEqual(toNetworkSpace(fromNetworkSpace(inner), 'space', violations, value), inner);

      const largest = { stages: inner.stages.map(({ depth, width }) => ({ depth: depth.max, width: width.max })) };
      assert.deepEqual(toArchitecture(fromArchitecture(largest), 'architecture', violations, inner), largest);
      assert.deepEqual(violations, []);
    }),
  );
});

test('every fault of a search space is reported at once, with its path', () => {
  const broken = {
    stemWidth: 0,
    stages: [
      { ...sound.stages[0], stride: 9, widthBinSize: 31 },
      { ...sound.stages[1], depth: { min: 3, max: 2 }, width: undefined },
      { ...sound.stages[2], depth: { min: 0, max: 65 } },
    ],
  };
  assert.deepEqual(
    violationsOf((violations) => toSearchSpace(broken, 'spec.search_space', violations)),
    [
      { field: 'spec.search_space.stem_width', description: 'expected a whole number from 1 to 4096, found 0' },
      { field: 'spec.search_space.stages[0].stride', description: 'expected a whole number from 1 to 8, found 9' },
      {
        field: 'spec.search_space.stages[0].width_bin_size',
        description: 'expected a divisor of the 512 widths, found 31',
      },
      { field: 'spec.search_space.stages[1].depth', description: 'expected min <= max, found min 3 and max 2' },
      { field: 'spec.search_space.stages[1].width', description: 'expected a range with min and max, found nothing' },
      { field: 'spec.search_space.stages[2].depth.min', description: 'expected a whole number from 1 to 64, found 0' },
      { field: 'spec.search_space.stages[2].depth.max', description: 'expected a whole number from 1 to 64, found 65' },
      {
        field: 'spec.search_space.stages[2].depth_bin_size',
        description: 'expected a divisor of the 66 depths, found 4',
      },
    ],
  );
});

test('a search space from before there were types of blocks has none, and an unknown type is a violation', () => {
  assert.equal(toSearchSpace(fromSearchSpace(space), 's', [])?.block, undefined);
  for (const block of ['', 'Basic', 'constructor']) {
    assert.deepEqual(
      violationsOf((violations) => toSearchSpace({ ...fromSearchSpace(space), block }, 's', violations)),
      [{ field: 's.block', description: `expected "basic" or "bottleneck", found "${block}"` }],
    );
  }
});

test('a bin size that is no whole number from 1 on is a violation', () => {
  for (const size of [0, -4, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    const stages = [{ ...sound.stages[0], depthBinSize: size }];
    const fields = violationsOf((violations) => toSearchSpace({ stemWidth: 16, stages }, 's', violations));
    assert.deepEqual(
      fields.map(({ field }) => field),
      ['s.stages[0].depth_bin_size'],
      `${size}`,
    );
  }
});

test('a wrong number of stages is one violation, however many there are', () => {
  for (const count of [0, 9, 100_000]) {
    const stages = Array.from({ length: count }, () => ({ ...sound.stages[0], stride: -1 }));
    assert.deepEqual(
      violationsOf((violations) => toSearchSpace({ stemWidth: 16, stages }, 's', violations)),
      [{ field: 's.stages', description: `expected 1 to 8 stages, found ${count}` }],
    );
  }
});

test('a network space outside its search space names the range that can be met', () => {
  const outside = { stages: [0, 1, 2].map(() => ({ depth: { min: 1, max: 17 }, width: { min: 33, max: 64 } })) };
  assert.deepEqual(
    violationsOf((violations) => toNetworkSpace(outside, 'space', violations, space)),
    [0, 1, 2].map((i) => ({
      field: `space.stages[${i}].depth.max`,
      description: 'expected a whole number from 1 to 16, found 17',
    })),
  );
});

test('an architecture must have the stages of its space and lie inside it', () => {
  const tooFew = { stages: [{ depth: 1, width: 16 }] };
  assert.deepEqual(
    violationsOf((violations) => toArchitecture(tooFew, 'architecture', violations, space)),
    [{ field: 'architecture.stages', description: 'expected 3 stages, as many as the search space has, found 1' }],
  );
  const outside = { stages: [1, 2, 3].map(() => ({ depth: 17, width: 0 })) };
  assert.equal(violationsOf((violations) => toArchitecture(outside, 'architecture', violations, space)).length, 6);
});

test('an input shape out of its limits names every field', () => {
  const found = { height: 0, width: 225, channels: -1, classes: 1 };
  assert.deepEqual(
    violationsOf((violations) => toInputShape(found, 'input', violations)).map(({ field }) => field),
    ['input.height', 'input.width', 'input.channels', 'input.classes'],
  );
  assert.deepEqual(
    violationsOf((violations) =>
      toInputShape({ height: 32, width: 32, channels: 3, classes: 10 }, 'input', violations),
    ),
    [],
  );
});

test('an unknown data set names the known ones', () => {
  const found = { name: 'mnist', folder: undefined, imageSize: 28, trainImages: -1, testImages: 0 };
  assert.deepEqual(
    violationsOf((violations) => toDatasetSpec(found, 'dataset', violations)),
    [
      {
        field: 'dataset.name',
        description: 'expected "fashion-mnist", "cifar10", "cifar100" or "folder", found "mnist"',
      },
      { field: 'dataset.image_size', description: 'expected 16 or 32, found 28' },
      { field: 'dataset.train_images', description: 'expected a whole number from 0 to 10000000, found -1' },
    ],
  );
});

test('an image folder is checked whole, and is nothing without what was found there', () => {
  const folder = {
    path: '/images',
    classNames: ['a', 'b'],
    trainImages: 8,
    testImages: 2,
    testShare: 0.2,
    splitSeed: 0,
    digest: 'ab'.repeat(32),
  };
  const dataset = { name: 'folder', imageSize: 16, trainImages: 0, testImages: 0 };
  assert.deepEqual(toDatasetSpec({ ...dataset, folder }, 'dataset', []), { ...dataset, folder });
  const fieldsOf = (found: typeof folder | undefined) =>
    violationsOf((violations) => toDatasetSpec({ ...dataset, folder: found }, 'dataset', violations)).map(
      ({ field }) => field,
    );
  assert.equal(toDatasetSpec({ ...dataset, imageSize: 224, folder }, 'dataset', [])?.imageSize, 224);
  assert.deepEqual(
    violationsOf((violations) => toDatasetSpec({ ...dataset, imageSize: 18, folder }, 'dataset', violations)),
    [{ field: 'dataset.image_size', description: 'expected a multiple of 4 from 8 to 224, found 18' }],
  );
  assert.deepEqual(fieldsOf(undefined), ['dataset.folder']);
  const wrong = {
    path: 'images',
    classNames: ['a'],
    trainImages: 0,
    testImages: 0,
    testShare: 1,
    splitSeed: -1,
    digest: '',
  };
  const fields = ['path', 'class_names', 'train_images', 'test_images', 'test_share', 'split_seed', 'digest'];
  assert.deepEqual(
    fieldsOf(wrong),
    fields.map((field) => `dataset.folder.${field}`),
  );
});

test('a message that is not there is a violation of its own path', () => {
  for (const convert of [toSearchSpace, toNetworkSpace, toArchitecture, toInputShape, toDatasetSpec]) {
    const [violation, ...others] = violationsOf((violations) => convert(undefined, 'spec.x', violations));
    assert.equal(violation.field, 'spec.x');
    assert.match(violation.description, /^expected an? .*, found nothing$/);
    assert.deepEqual(others, []);
  }
});
