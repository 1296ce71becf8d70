import assert from 'node:assert/strict';
import { lstat, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import type { DatasetDescription } from '../src/catalog.ts';
import { prepareDataset } from '../src/fetch.ts';
import { DatasetError } from '../src/index.ts';
import { changed, hostileTarGz } from './hostile-archives.ts';
import { cifarDescription, cifarRecords, idx, mirrorFolder, scratchFolder, smallFashion, tarGz } from './synthetic.ts';

/* Archives with right checksums and hostile content: a mirror's sums are its own. */

/** Everything below a folder but that of the mirror, links not followed; of files what they hold. */
async function snapshot(root: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const name of (await readdir(root, { recursive: true })).sort()) {
    const info = await lstat(join(root, name));
    found.set(name, info.isFile() ? await readFile(join(root, name), 'latin1') : info.isDirectory() ? '/' : 'special');
  }
  return found;
}

const RECORDS = /^cache\/datasets\/[a-z0-9-]+\/[0-9a-f]{16}(\/(dataset\.json|(train|test)-(images|labels)\.bin))?$/;

/** Prepares in a folder of its own: ends well or in a typed error that names the archive, and leaves nothing but records in the cache. */
async function prepareSafely(root: string, description: DatasetDescription, mirror: string): Promise<void> {
  const around = await mkdtemp(join(root, 'around-'));
  await writeFile(join(around, 'kept.txt'), 'kept');
  const cacheDir = join(around, 'cache');
  await mkdir(join(cacheDir, 'datasets', description.name), { recursive: true });
  const before = await snapshot(around);
  let isDone = true;
  await prepareDataset(description, { cacheDir, mirror }).catch((error) => {
    isDone = false;
    assert.ok(error instanceof DatasetError, String(error.stack));
    assert.ok(['missing', 'truncated', 'corrupt'].includes(error.code), error.code);
    assert.ok(error.message.includes(mirror), error.message);
  });
  const after = await snapshot(around);
  const more = [...after].filter(([name, content]) => before.get(name) !== content).map(([name]) => name);
  assert.deepEqual(
    more.filter((name) => !(isDone && RECORDS.test(name))),
    [],
  );
  for (const name of before.keys()) assert.ok(after.has(name), name);
  await rm(around, { recursive: true });
}

test('no tar.gz writes anything but records, and one that is wrong ends in an error that names it', async (t) => {
  const root = await scratchFolder(t);
  const outside = await scratchFolder(t);
  await writeFile(join(outside, 'kept.txt'), 'kept');
  const before = await snapshot(outside);
  await fc.assert(
    fc.asyncProperty(hostileTarGz(outside), async (archive) => {
      const mirror = await mirrorFolder(t, { 'cifar-10-binary.tar.gz': archive });
      await prepareSafely(root, cifarDescription(archive), mirror);
      assert.deepEqual(await snapshot(outside), before);
    }),
    { numRuns: 150 },
  );
});

test('no gzipped IDX file does either', async (t) => {
  const root = await scratchFolder(t);
  const { files, description } = smallFashion();
  const dimension = fc.oneof(fc.integer({ min: 0, max: 30 }), fc.constantFrom(28, 2 ** 31, 2 ** 32 - 1));
  const plain = fc
    .tuple(fc.array(dimension, { maxLength: 3 }), fc.uint8Array({ maxLength: 3_000 }))
    .map(([shape, values]) => idx(shape, values));
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...Object.keys(files)), changed(plain), async (file, archive) => {
      const named = Object.entries({ ...files, [file]: archive });
      const mirror = await mirrorFolder(
        t,
        Object.fromEntries(named.map(([name, bytes]) => [`fashion-mnist/${name}`, bytes])),
      );
      await prepareSafely(root, description, mirror);
    }),
    { numRuns: 100 },
  );
});

test('an archive that holds more than its data set can is given up there, not unpacked', async (t) => {
  const zeros = Buffer.alloc(64 * 2 ** 20);
  const tooLong = (bytes: string) => (error: unknown) =>
    error instanceof DatasetError && error.code === 'corrupt' && error.message.includes(`at most ${bytes} bytes`);
  const { files, description } = smallFashion();
  const bomb = { ...files, 'train-images.gz': gzipSync(zeros) };
  const named = Object.fromEntries(Object.entries(bomb).map(([name, bytes]) => [`fashion-mnist/${name}`, bytes]));
  const before = process.memoryUsage().arrayBuffers;
  await assert.rejects(
    prepareDataset(description, { cacheDir: await scratchFolder(t), mirror: await mirrorFolder(t, named) }),
    tooLong('4,720'),
  );
  assert.ok(process.memoryUsage().arrayBuffers - before < 16 * 2 ** 20);
  const long = Buffer.alloc(4 * 2 ** 20, cifarRecords(0, 10, 1));
  for (const name of ['small-bin/batch_1.bin', 'small-bin/readme.txt']) {
    const archive = await tarGz(t, { [name]: long, 'small-bin/batch_2.bin': cifarRecords(0, 2, 1) });
    const mirror = await mirrorFolder(t, { 'cifar-10-binary.tar.gz': archive });
    await assert.rejects(
      prepareDataset(cifarDescription(archive), { cacheDir: await scratchFolder(t), mirror }),
      tooLong('1,165,350'),
    );
  }
});
