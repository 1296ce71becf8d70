import assert from 'node:assert/strict';
import { test } from 'node:test';
import { presetOf } from '@nss/campaign';
import type { FieldViolation } from '@nss/contracts';
import { checkBatch, checkTarget, toSettings, toWork } from '../src/index.ts';
import { toWeightTraining } from '../src/spec.ts';

const preset = presetOf('tiny');
const spec = {
  dataset: { name: 'cifar10', folder: undefined, ...preset.dataset },
  searchSpace: preset.searchSpace,
  seed: 0,
};

test('a sound spec becomes domain values, with the number of images spelled out', () => {
  const violations: FieldViolation[] = [];
  const work = toWork({ ...spec, dataset: { ...spec.dataset, trainImages: 0 } }, violations);
  assert.deepEqual(violations, []);
  assert.equal(work?.dataset.trainImages, 50_000);
  assert.deepEqual(work?.images, { all: 50_000, half: 25_000 });
  assert.deepEqual(work?.input, { height: 16, width: 16, channels: 3, classes: 10 });
  assert.deepEqual({ block: undefined, ...work?.space }, preset.searchSpace);
});

test('everything that is wrong with a spec is told at once, with the paths of the contract', () => {
  const violations: FieldViolation[] = [];
  toWork({ ...spec, dataset: { ...spec.dataset, name: 'imagenet', trainImages: 70_000 }, seed: -1 }, violations);
  const settings = { ...preset.search, draws: 0, weights: { ...preset.search.weights, batchSize: 0, sgd: undefined } };
  assert.equal(toSettings('search', settings, violations), undefined);
  assert.equal(toWeightTraining(undefined, 'spec.weights', violations), undefined);
  assert.deepEqual(violations.map(({ field }) => field).sort(), [
    'spec.dataset.name',
    'spec.seed',
    'spec.settings.draws',
    'spec.settings.weights.batch_size',
    'spec.settings.weights.sgd',
    'spec.weights',
  ]);
});

test('more images than the data set has are refused, and a batch larger than an epoch', () => {
  const violations: FieldViolation[] = [];
  const work = toWork({ ...spec, dataset: { ...spec.dataset, trainImages: 70_000 } }, violations);
  checkBatch({ batchSize: 64 }, 32, 'spec.weights', violations);
  assert.ok(work);
  assert.deepEqual(violations, [
    { field: 'spec.dataset.train_images', description: 'cifar10 has 50000, found 70000 (0 means all)' },
    { field: 'spec.weights.batch_size', description: 'expected at most the 32 images of an epoch, found 64' },
  ]);
});

test('a target that no architecture meets is refused, and the message says which can be met', () => {
  const work = toWork(spec, []);
  for (const target of [-1, Number.NaN, 1, 5e9]) {
    const violations: FieldViolation[] = [];
    checkTarget(target, work, violations);
    assert.equal(violations.length, 1);
    assert.equal(violations[0].field, 'spec.target_multiply_adds');
    if (target > 0) assert.match(violations[0].description, /it can meet [\d.]+ MF to [\d.]+ MF/);
  }
});
