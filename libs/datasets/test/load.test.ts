import assert from 'node:assert/strict';
import { truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { prepareDataset } from '../src/fetch.ts';
import {
  checkDatasetSpec,
  DatasetError,
  datasetInfo,
  datasetNames,
  defaultCacheDir,
  isDatasetName,
  listDatasets,
  loadDataset,
} from '../src/index.ts';
import { readDataset } from '../src/load.ts';
import { channelStatistics, fitImages } from '../src/pixels.ts';
import { interleaveChannels } from '../src/records.ts';
import { mirrorFolder, pixel, scratchFolder, smallCifar, smallFashion } from './synthetic.ts';

const spec = (imageSize: number, trainImages = 0, testImages = 0) => ({
  name: 'cifar10',
  imageSize,
  trainImages,
  testImages,
});
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

test('the first images are loaded, as bytes, in the shape asked for', async (t) => {
  const { archive, description } = await smallCifar(t);
  const mirror = await mirrorFolder(t, { 'cifar-10-binary.tar.gz': archive });
  const prepared = await prepareDataset(description, { cacheDir: await scratchFolder(t), mirror });

  const all = await readDataset(description, spec(32), prepared);
  assert.deepEqual([all.train.count, all.test.count, all.classes, all.channels], [15, 4, 10, 3]);
  assert.deepEqual([all.height, all.width, all.train.images.length], [32, 32, 15 * 3072]);

  const few = await readDataset(description, spec(16, 7, 2), prepared);
  assert.deepEqual([few.train.count, few.test.count, few.height, few.width], [7, 2, 16, 16]);
  assert.equal(few.train.images.length, 7 * 16 * 16 * 3);
  assert.deepEqual([...few.train.labels], [0, 1, 2, 3, 4, 5, 6]);
  assert.deepEqual({ mean: few.mean, std: few.std }, channelStatistics(few.train.images));
  const [y, x] = [3, 5];
  const block = [
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ].map(([dy, dx]) => pixel(6, 1, 2 * y + dy, 2 * x + dx));
  assert.equal(few.train.images[((6 * 16 + y) * 16 + x) * 3 + 1], Math.round(block.reduce((a, b) => a + b) / 4));
});

test('asking for more images than there are is an error with both numbers', async (t) => {
  const { archive, description } = await smallCifar(t);
  const mirror = await mirrorFolder(t, { 'cifar-10-binary.tar.gz': archive });
  const prepared = await prepareDataset(description, { cacheDir: await scratchFolder(t), mirror });
  await assert.rejects(readDataset(description, spec(32, 5000, 5), prepared), (error) => {
    assert.ok(error instanceof DatasetError);
    assert.equal(error.code, 'too-few-images');
    assert.match(error.message, /5,000 training images .* there are 15\b.* 5 test images .* there are 4\b/);
    assert.deepEqual(
      error.violations.map(({ field }) => field),
      ['trainImages', 'testImages'],
    );
    return true;
  });
});

test('a cached file that got shorter is an error, not wrong images', async (t) => {
  const { archive, description } = await smallCifar(t);
  const mirror = await mirrorFolder(t, { 'cifar-10-binary.tar.gz': archive });
  const prepared = await prepareDataset(description, { cacheDir: await scratchFolder(t), mirror });
  await truncate(join(prepared.folder, 'train-images.bin'), 3072 * 10);
  await assert.rejects(
    readDataset(description, spec(32), prepared),
    /train-images.bin ended too early.*46,080.*30,720/,
  );
});

test('Fashion-MNIST gets a border of two zero pixels and three equal channels', async (t) => {
  const { files, description } = smallFashion();
  const named = Object.fromEntries(Object.entries(files).map(([name, content]) => [`fashion-mnist/${name}`, content]));
  const prepared = await prepareDataset(description, {
    cacheDir: await scratchFolder(t),
    mirror: await mirrorFolder(t, named),
  });
  const set = await readDataset(description, { ...spec(32), name: 'fashion-mnist' }, prepared);
  for (let i = 0; i < 6; i++) {
    for (let y = 0; y < 32; y++) {
      for (let x = 0; x < 32; x++) {
        const inside = y >= 2 && y < 30 && x >= 2 && x < 30;
        const expected = inside ? pixel(i, 0, y - 2, x - 2) : 0;
        const at = ((i * 32 + y) * 32 + x) * 3;
        assert.deepEqual([...set.train.images.subarray(at, at + 3)], [expected, expected, expected]);
      }
    }
  }
});

test('interleaving channels moves [channel, row, column] to [row, column, channel]', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 20 }),
      fc.infiniteStream(fc.nat(255)),
      (channels, pixels, values) => {
        const planes = Uint8Array.from(values.take(channels * pixels));
        const interleaved = new Uint8Array(planes.length);
        interleaveChannels(planes, interleaved, pixels, channels);
        for (let c = 0; c < channels; c++) {
          for (let p = 0; p < pixels; p++) assert.equal(interleaved[p * channels + c], planes[c * pixels + p]);
        }
      },
    ),
  );
});

test('a 16x16 image is the rounded mean of each 2x2 block, image by image', () => {
  fc.assert(
    fc.property(bytes(2 * 3072), fc.nat(1), fc.nat(15), fc.nat(15), fc.nat(2), (images, i, y, x, c) => {
      const at = (dy: number, dx: number) => images[((i * 32 + 2 * y + dy) * 32 + 2 * x + dx) * 3 + c];
      const halved = fitImages(images, 32, 3, 16);
      assert.equal(halved.length, images.length / 4);
      assert.equal(
        halved[((i * 16 + y) * 16 + x) * 3 + c],
        Math.round((at(0, 0) + at(0, 1) + at(1, 0) + at(1, 1)) / 4),
      );
    }),
    { numRuns: 50 },
  );
});

test('channel statistics are those of the textbook', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255)), { minLength: 1, maxLength: 50 }),
      (pixels) => {
        const { mean, std } = channelStatistics(Uint8Array.from(pixels.flat()));
        for (let c = 0; c < 3; c++) {
          const values = pixels.map((p) => p[c] / 255);
          const expected = values.reduce((a, b) => a + b) / values.length;
          const variance = values.reduce((sum, v) => sum + (v - expected) ** 2, 0) / values.length;
          assert.ok(Math.abs(mean[c] - expected) < 1e-9);
          assert.ok(Math.abs(std[c] - Math.sqrt(variance)) < 1e-6);
        }
      },
    ),
  );
});

test('every fault of a spec is reported at once, before anything is fetched', async (t) => {
  assert.deepEqual(checkDatasetSpec({ name: 'cifar100', imageSize: 16, trainImages: 0, testImages: 10_000 }), []);
  const wrong = { name: 'imagenet', imageSize: 24, trainImages: -1, testImages: 1.5 };
  const fields = ['name', 'imageSize', 'trainImages', 'testImages'];
  assert.deepEqual(
    checkDatasetSpec(wrong).map(({ field }) => field),
    fields,
  );
  const options = { cacheDir: await scratchFolder(t) };
  await assert.rejects(loadDataset(wrong, options), { code: 'unknown-dataset', message: /imagenet.*24.*-1.*1\.5/ });
  await assert.rejects(loadDataset(spec(32, 50_001), options), { code: 'invalid-spec', message: /50,001.*50,000/ });
});

test('the catalog names its data sets, their sources and their terms', async (t) => {
  assert.deepEqual([...datasetNames], ['fashion-mnist', 'cifar10', 'cifar100']);
  assert.ok(isDatasetName('cifar10') && !isDatasetName('toString'));
  for (const name of datasetNames) {
    const info = datasetInfo(name);
    assert.equal(info.name, name);
    for (const { sha256, urls } of info.archives) {
      assert.match(sha256, /^[0-9a-f]{64}$/);
      assert.ok(urls.every((url) => URL.canParse(url)) && urls.length > 0);
    }
  }
  assert.throws(() => datasetInfo('mnist'), { code: 'unknown-dataset' });
  const listed = await listDatasets({ cacheDir: await scratchFolder(t) });
  assert.deepEqual(
    listed.map(({ info, prepared }) => [info.name, prepared.length]),
    datasetNames.map((name) => [name, 0]),
  );
});

test('the cache folder follows NSS_CACHE_DIR, then XDG_CACHE_HOME, then the home folder', () => {
  assert.equal(defaultCacheDir({ NSS_CACHE_DIR: '/a', XDG_CACHE_HOME: '/b' }), '/a');
  assert.equal(defaultCacheDir({ NSS_CACHE_DIR: '', XDG_CACHE_HOME: '/b' }), '/b/nss');
  assert.match(defaultCacheDir({}), /\/\.cache\/nss$/);
});

const mirror = process.env.NSS_DATASET_MIRROR;
test('CIFAR-10 from the mirror has its known counts, labels and colours', {
  skip: mirror ? false : 'NSS_DATASET_MIRROR is not set',
}, async (t) => {
  const set = await loadDataset(spec(32), { cacheDir: await scratchFolder(t), mirror });
  assert.deepEqual([set.train.count, set.test.count], [50_000, 10_000]);
  for (const [part, each] of [
    ['train', 5000],
    ['test', 1000],
  ] as const) {
    const histogram = new Array(10).fill(0);
    for (const label of set[part].labels) histogram[label]++;
    assert.deepEqual(histogram, new Array(10).fill(each));
  }
  // The values everybody normalises CIFAR-10 with.
  assert.deepEqual(
    set.mean.map((value) => value.toFixed(3)),
    ['0.491', '0.482', '0.447'],
  );
  assert.deepEqual(
    set.std.map((value) => value.toFixed(3)),
    ['0.247', '0.243', '0.262'],
  );
});
