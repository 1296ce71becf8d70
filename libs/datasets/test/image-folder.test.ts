import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import sharp from 'sharp';
import { DatasetError, loadDataset, scanImageFolder } from '../src/index.ts';
import { noisyPng, writeImageFolder } from '../src/testing.ts';

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'nss-images-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

const failsWith =
  (code: string, ...messages: RegExp[]) =>
  (error: unknown) => {
    assert.ok(error instanceof DatasetError, String(error));
    assert.equal(error.code, code);
    for (const message of messages) assert.match(error.message, message);
    return true;
  };

test('a folder per class is split by class, the same way every time', async (t) => {
  const path = await writeImageFolder(join(await folderOf(t), 'images'), {
    classes: ['rose', 'Iris', 'tulip'],
    imagesPerClass: 10,
  });
  const folder = await scanImageFolder(path, { testShare: 0.3, seed: 1 });
  assert.deepEqual(folder.classNames, ['Iris', 'rose', 'tulip']);
  assert.deepEqual([folder.trainImages, folder.testImages], [21, 9]);
  assert.deepEqual(await scanImageFolder(path, { testShare: 0.3, seed: 1 }), folder);
  const other = await scanImageFolder(path, { testShare: 0.3, seed: 2 });
  assert.notEqual(other.digest, folder.digest);

  const spec = { name: 'folder', imageSize: 16, trainImages: 0, testImages: 0, folder };
  const cacheDir = join(path, '../cache');
  const set = await loadDataset(spec, { cacheDir });
  assert.deepEqual([set.classes, set.classNames, set.height], [3, folder.classNames, 16]);
  const counts = (labels: Uint8Array) => [0, 1, 2].map((label) => labels.filter((each) => each === label).length);
  assert.deepEqual(counts(set.train.labels), [7, 7, 7]);
  assert.deepEqual(counts(set.test.labels), [3, 3, 3]);
  assert.notDeepEqual([...set.train.labels], [...set.train.labels].sort(), 'the order mixes the classes');

  // The images go with their labels: class by class the mean colour is that class's.
  const means = [0, 1, 2].map((label) => meanColour(set.train.images, set.train.labels, label));
  assert.ok(Math.abs(means[1][0] - 40) < 5 && Math.abs(means[0][0] - 100) < 5, JSON.stringify(means));
  const held = [0, 1, 2].map((label) => meanColour(set.test.images, set.test.labels, label));
  for (const [i, mean] of held.entries()) assert.ok(Math.abs(mean[0] - means[i][0]) < 5);

  // What is prepared needs the folder no more.
  await rename(path, `${path}-away`);
  assert.deepEqual(await loadDataset(spec, { cacheDir }), set);
});

test('train/ and test/ are taken as they are', async (t) => {
  const path = await folderOf(t);
  await writeImageFolder(join(path, 'train'), { classes: ['a', 'b'], imagesPerClass: 3 });
  await writeImageFolder(join(path, 'test'), { classes: ['a', 'b'], imagesPerClass: 2 });
  const folder = await scanImageFolder(path);
  assert.deepEqual([folder.trainImages, folder.testImages, folder.testShare], [6, 4, 0]);
  const spec = { name: 'folder', imageSize: 32, trainImages: 4, testImages: 0, folder };
  const set = await loadDataset(spec, { cacheDir: join(path, '.cache') });
  assert.deepEqual([set.train.count, set.test.count, set.height], [4, 4, 32]);

  await assert.rejects(scanImageFolder(path, { testShare: 0.2, seed: 0 }), failsWith('invalid-spec', /split already/));
  await rename(join(path, 'test/b'), join(path, 'test/c'));
  await assert.rejects(
    scanImageFolder(path),
    failsWith('invalid-spec', /test\/ has classes that train\/ has not: c/, /test\/b has no image/),
  );
});

test('images of a folder come in the size that is asked for, each size prepared by itself', async (t) => {
  const path = await folderOf(t);
  await mkdir(join(path, 'a'));
  await mkdir(join(path, 'b'));
  // Black on the left, white on the right: what is resized once has one sharp edge, in the middle.
  const half = await sharp({ create: { width: 50, height: 100, channels: 3, background: '#ffffff' } })
    .png()
    .toBuffer();
  for (const file of ['a/1.png', 'a/2.png', 'b/1.png', 'b/2.png']) {
    await sharp({ create: { width: 100, height: 100, channels: 3, background: '#000000' } })
      .composite([{ input: half, top: 0, left: 50 }])
      .toFile(join(path, file));
  }
  const folder = await scanImageFolder(path);
  const cacheDir = join(path, '.cache');
  const load = (imageSize: number) =>
    loadDataset({ name: 'folder', imageSize, trainImages: 0, testImages: 0, folder }, { cacheDir });
  for (const side of [8, 48, 224, 48]) {
    const { train, height, width } = await load(side);
    assert.deepEqual([height, width, train.images.length], [side, side, train.count * side * side * 3]);
    const row = Array.from({ length: side }, (_, x) => train.images[3 * x]);
    assert.ok(
      row.slice(0, side / 2 - 3).every((value) => value < 20),
      `${row}`,
    );
    assert.ok(
      row.slice(side / 2 + 3).every((value) => value > 235),
      `${row}`,
    );
  }
  for (const side of [4, 30, 228]) {
    await assert.rejects(load(side), failsWith('invalid-spec', /expected a multiple of 4 from 8 to 224, found/));
  }
});

test('PNG and JPEG of any size, grey, transparent or turned, become 32x32 pixels of three colours', async (t) => {
  const path = await folderOf(t);
  await mkdir(join(path, 'a'));
  await mkdir(join(path, 'b'));
  const red = { r: 255, g: 0, b: 0 };
  const plain = (width: number, height: number, background: object, channels: 3 | 4 = 3) =>
    sharp({ create: { width, height, channels, background: background as { r: number } } });
  await plain(500, 20, red).jpeg().toFile(join(path, 'a/wide.JPG'));
  await plain(7, 9, red).png().toFile(join(path, 'a/small.png'));
  await plain(64, 64, { ...red, alpha: 0 }, 4)
    .png()
    .toFile(join(path, 'b/transparent.png'));
  await plain(64, 64, { r: 100, g: 100, b: 100 }).toColourspace('b-w').png().toFile(join(path, 'b/grey.png'));
  // Red above, black below; lying on its side in the file.
  const upper = await plain(40, 20, red).png().toBuffer();
  await plain(40, 40, { r: 0, g: 0, b: 0 })
    .composite([{ input: upper, top: 0, left: 0 }])
    .withMetadata({ orientation: 3 })
    .png()
    .toFile(join(path, 'b/turned.png'));

  const folder = await scanImageFolder(path, { testShare: 0.1, seed: 0 });
  const set = await loadDataset(
    { name: 'folder', imageSize: 32, trainImages: 0, testImages: 0, folder },
    { cacheDir: join(path, '.cache') },
  );
  const images = [set.train, set.test].flatMap(({ images, labels, count }) =>
    Array.from({ length: count }, (_, i) => ({ label: labels[i], pixels: images.subarray(i * 3072, (i + 1) * 3072) })),
  );
  const at = (pixels: Uint8Array, row: number) => [...pixels.subarray(row * 96, row * 96 + 3)];
  const close = (found: number[], expected: number[]) => found.every((value, c) => Math.abs(value - expected[c]) <= 3);
  for (const { pixels } of images.filter(({ label }) => label === 0)) assert.ok(close(at(pixels, 5), [255, 0, 0]));
  const seen = images.filter(({ label }) => label === 1).map(({ pixels }) => [at(pixels, 3), at(pixels, 28)]);
  for (const expected of [
    [
      [255, 255, 255],
      [255, 255, 255],
    ],
    [
      [100, 100, 100],
      [100, 100, 100],
    ],
    [
      [0, 0, 0],
      [255, 0, 0],
    ],
  ]) {
    assert.ok(
      seen.some(([top, bottom]) => close(top, expected[0]) && close(bottom, expected[1])),
      JSON.stringify(seen),
    );
  }
});

test('everything that is wrong with a folder is said at once', async (t) => {
  const path = await writeImageFolder(await folderOf(t), { classes: ['a', 'b'], imagesPerClass: 3 });
  await writeFile(join(path, 'a/notes.txt'), 'not an image');
  await mkdir(join(path, 'c'));
  await mkdir(join(path, 'd'));
  await writeFile(join(path, 'd/only.png'), await noisyPng(8, [1, 2, 3], 0));
  await assert.rejects(
    scanImageFolder(path),
    failsWith(
      'invalid-spec',
      /a has what is no PNG or JPEG file: notes\.txt/,
      /c has no image; expected at least two/,
      /d has one image/,
    ),
  );
  const empty = await folderOf(t);
  await assert.rejects(
    scanImageFolder(empty),
    failsWith('invalid-spec', /has 0 folders; expected a folder for each class/),
  );
  await assert.rejects(scanImageFolder(join(empty, 'none')), failsWith('missing', /there is no such folder/));
});

test('broken images are named, and leave nothing in the cache', async (t) => {
  const path = await writeImageFolder(await folderOf(t), { classes: ['a', 'b'], imagesPerClass: 6 });
  const whole = await noisyPng(64, [10, 20, 30], 0);
  await writeFile(join(path, 'a/1.png'), 'no image at all');
  await writeFile(join(path, 'b/2.png'), whole.subarray(0, whole.length / 2));
  const cacheDir = join(path, '.cache');
  const folder = await scanImageFolder(path);
  await assert.rejects(
    loadDataset({ name: 'folder', imageSize: 32, trainImages: 0, testImages: 0, folder }, { cacheDir }),
    failsWith('corrupt', /^2 images in .* cannot be decoded/, /a\/1\.png \(/, /b\/2\.png \(/),
  );
  assert.deepEqual(await readdir(join(cacheDir, 'datasets/folder')), []);
});

test('a folder that has changed since is refused', async (t) => {
  const path = await writeImageFolder(await folderOf(t), { classes: ['a', 'b'], imagesPerClass: 3 });
  const folder = await scanImageFolder(path);
  await writeFile(join(path, 'a/3.png'), await noisyPng(8, [1, 2, 3], 0));
  await assert.rejects(
    loadDataset(
      { name: 'folder', imageSize: 32, trainImages: 0, testImages: 0, folder },
      { cacheDir: join(path, '.cache') },
    ),
    failsWith('changed', /expected 4 \+ 2 images of 2 classes, found 5 \+ 2 images/),
  );
  await assert.rejects(
    loadDataset(
      { name: 'folder', imageSize: 32, trainImages: 5, testImages: 0, folder },
      { cacheDir: join(path, '.cache') },
    ),
    failsWith('invalid-spec', /5 training images of folder are wanted, but there are 4/),
  );
});

test('a spec with fewer classes than were prepared is refused', async (t) => {
  const path = await writeImageFolder(await folderOf(t), { classes: ['a', 'b', 'c'], imagesPerClass: 3 });
  const folder = await scanImageFolder(path);
  const load = (classNames: readonly string[]) =>
    loadDataset(
      { name: 'folder', imageSize: 32, trainImages: 0, testImages: 0, folder: { ...folder, classNames } },
      { cacheDir: join(path, '.cache') },
    );
  await load(folder.classNames);
  await assert.rejects(load(['a', 'b']), failsWith('corrupt', /expected labels 0 to 1, found label 2/));
});

function meanColour(images: Uint8Array, labels: Uint8Array, label: number): number[] {
  const size = images.length / labels.length;
  const sums = [0, 0, 0];
  let pixels = 0;
  for (const [i, found] of labels.entries()) {
    if (found !== label) continue;
    for (let p = i * size; p < (i + 1) * size; p++) sums[p % 3] += images[p];
    pixels += size / 3;
  }
  return sums.map((sum) => sum / pixels);
}
