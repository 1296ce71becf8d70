import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import { prepareDataset } from '../src/fetch.ts';
import { DatasetError, type DatasetProgress, fetchDataset, listDatasets } from '../src/index.ts';
import {
  cifarDescription,
  cifarRecords,
  entriesOf,
  idx,
  mirrorFolder,
  pixel,
  scratchFolder,
  sendRange,
  serve,
  sha256,
  smallCifar,
  smallFashion,
  tarGz,
} from './synthetic.ts';

/** Matches a DatasetError by its code and parts of its message. */
const datasetError =
  (code: string, ...parts: (string | RegExp)[]) =>
  (error: unknown) => {
    assert.ok(error instanceof DatasetError, String(error));
    assert.equal(error.code, code, error.message);
    for (const part of parts) {
      assert.ok(typeof part === 'string' ? error.message.includes(part) : part.test(error.message), error.message);
    }
    return true;
  };

const noDebian = {
  run: async () => {
    throw Object.assign(new Error('spawn apt-get ENOENT'), { code: 'ENOENT' });
  },
};

test('CIFAR planes become interleaved pixels, batches in order whatever the order in the archive', async (t) => {
  const { archive, description } = await smallCifar(t);
  const mirror = await mirrorFolder(t, { 'cifar-10-binary.tar.gz': archive });
  const prepared = await prepareDataset(description, { cacheDir: await scratchFolder(t), mirror });
  assert.deepEqual([prepared.trainImages, prepared.testImages, prepared.official], [15, 4, true]);
  const images = await readFile(join(prepared.folder, 'train-images.bin'));
  const labels = await readFile(join(prepared.folder, 'train-labels.bin'));
  assert.deepEqual([...labels], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4]);
  for (const [i, y, x, c] of [
    [0, 0, 0, 0],
    [0, 0, 1, 2],
    [7, 5, 30, 1],
    [14, 31, 31, 2],
    [14, 31, 0, 0],
  ] as const) {
    assert.equal(images[((i * 32 + y) * 32 + x) * 3 + c], pixel(i, c, y, x), `image ${i}, row ${y}, column ${x}`);
  }
  assert.equal(images.length, 15 * 3072);
});

test('of two label bytes the fine one, which is the second, counts', async (t) => {
  const { archive, description } = await smallCifar(t, 2);
  const mirror = await mirrorFolder(t, { 'cifar-10-binary.tar.gz': archive });
  const { folder } = await prepareDataset(description, { cacheDir: await scratchFolder(t), mirror });
  assert.deepEqual([...(await readFile(join(folder, 'test-labels.bin')))], [0, 1, 2, 3]);
  assert.equal((await readFile(join(folder, 'test-images.bin')))[0], pixel(100, 0, 0, 0));
});

test('a mirror may hold a subset under another name, and never stands in for the official release', async (t) => {
  const { archive, description } = await smallCifar(t);
  const subset = await tarGz(t, {
    'small-bin/batch_1.bin': cifarRecords(0, 2, 1),
    'small-bin/batch_2.bin': cifarRecords(2, 1, 1),
    'small-bin/batch_3.bin': cifarRecords(3, 1, 1),
    'small-bin/test.bin': cifarRecords(9, 1, 1),
  });
  const cacheDir = await scratchFolder(t);
  const mirror = await mirrorFolder(t, { 'cifar-10-subset.tar.gz': subset, 'cifar-100-subset.tar.gz': archive });
  const few = await prepareDataset(description, { cacheDir, mirror: pathToFileURL(mirror).href });
  assert.deepEqual([few.trainImages, few.testImages, few.official], [4, 1, false]);
  assert.equal(few.archives[0].sha256, sha256(subset));

  const server = await serve(t, (request, response) => sendRange(request, response, archive));
  const all = await prepareDataset(cifarDescription(archive, 1, [`${server.url}/a`]), { cacheDir });
  assert.deepEqual([all.trainImages, all.testImages, all.official], [15, 4, true]);
  assert.notEqual(all.folder, few.folder);
  const cached = (await listDatasets({ cacheDir })).find(({ info }) => info.name === 'cifar10');
  assert.deepEqual(cached?.prepared.map(({ trainImages }) => trainImages).sort(), [15, 4]);
});

test('what is in the cache is not fetched again, and what is not whole is', async (t) => {
  const { archive } = await smallCifar(t);
  const server = await serve(t, (request, response) => sendRange(request, response, archive));
  const description = cifarDescription(archive, 1, [`${server.url}/cifar-10-binary.tar.gz`]);
  const cacheDir = await scratchFolder(t);
  const first = await prepareDataset(description, { cacheDir });
  assert.deepEqual(await prepareDataset(description, { cacheDir }), first);
  assert.equal(server.requests.length, 1);

  await truncate(join(first.folder, 'test-images.bin'), 100);
  assert.deepEqual(await prepareDataset(description, { cacheDir }), first);
  assert.equal(server.requests.length, 2);
  assert.equal((await readFile(join(first.folder, 'test-images.bin'))).length, 4 * 3072);
  assert.deepEqual(await entriesOf(cacheDir, 'cifar10'), [sha256(archive).slice(0, 16)]);
});

test('many may fetch the same data set at the same time', async (t) => {
  const { archive } = await smallCifar(t);
  const server = await serve(t, (request, response) => sendRange(request, response, archive));
  const description = cifarDescription(archive, 1, [`${server.url}/cifar-10-binary.tar.gz`]);
  const cacheDir = await scratchFolder(t);
  const results = await Promise.all(Array.from({ length: 8 }, () => prepareDataset(description, { cacheDir })));
  for (const result of results) assert.deepEqual(result, results[0]);
  assert.equal((await readFile(join(results[0].folder, 'train-labels.bin'))).length, 15);
  assert.deepEqual(await entriesOf(cacheDir, 'cifar10'), [sha256(archive).slice(0, 16)]);
});

test('a download goes on where an earlier one stopped, and reports resumed bytes as there', async (t) => {
  const { archive } = await smallCifar(t);
  const half = Math.floor(archive.length / 2);
  const cacheDir = await scratchFolder(t);
  const cut = await serve(t, (request, response) => sendRange(request, response, archive, half));
  await assert.rejects(
    prepareDataset(cifarDescription(archive, 1, [`${cut.url}/c.tar.gz`]), { cacheDir }, { retryDelaysMs: [0] }),
    datasetError(
      'truncated',
      `${cut.url}/c.tar.gz`,
      `expected ${archive.length.toLocaleString('en-US')} bytes`,
      `found ${half.toLocaleString('en-US')} bytes`,
      'try again',
    ),
  );

  const whole = await serve(t, (request, response) => sendRange(request, response, archive));
  const progress: DatasetProgress[] = [];
  await prepareDataset(cifarDescription(archive, 1, [`${whole.url}/c.tar.gz`]), {
    cacheDir,
    onProgress: (p) => progress.push(p),
  });
  assert.deepEqual(
    whole.requests.map(({ headers }) => headers.range),
    [`bytes=${half}-`],
  );
  const fetched = progress.filter(({ step }) => step === 'fetch');
  assert.equal(fetched[0].bytes, half);
  assert.equal(fetched.at(-1)?.bytes, archive.length);
  assert.ok(progress.every(({ totalBytes }) => totalBytes === archive.length));
  assert.equal(progress.at(-1)?.step, 'unpack');
});

test('a connection that keeps breaking is no trouble as long as every attempt brings something', async (t) => {
  const { archive } = await smallCifar(t);
  const piece = Math.ceil(archive.length / 6);
  const server = await serve(t, (request, response) => {
    const start = Number(request.headers.range?.slice(6, -1) ?? 0);
    sendRange(request, response, archive, start + piece);
  });
  const description = cifarDescription(archive, 1, [`${server.url}/c.tar.gz`]);
  await prepareDataset(description, { cacheDir: await scratchFolder(t) }, { retryDelaysMs: [0] });
  assert.ok(server.requests.length >= 6, `${server.requests.length} requests`);
});

test('a server without ranges, redirects and passing failures are coped with', async (t) => {
  const { archive } = await smallCifar(t);
  let requests = 0;
  const server = await serve(t, (request, response) => {
    if (request.url === '/moved') response.writeHead(302, { location: '/here' }).end();
    else if (++requests === 1) response.writeHead(503).end('later');
    else {
      // Half of it first, then the whole from the start; "x-gzip" is what some servers call every .gz file.
      response.writeHead(200, { 'content-length': archive.length, 'content-encoding': 'x-gzip' });
      if (requests === 2) response.write(archive.subarray(0, archive.length >> 1), () => response.destroy());
      else response.end(archive);
    }
  });
  const description = cifarDescription(archive, 1, [`${server.url}/moved`]);
  const prepared = await prepareDataset(description, { cacheDir: await scratchFolder(t) }, { retryDelaysMs: [0, 0] });
  assert.equal(prepared.trainImages, 15);
  assert.equal(requests, 3);
});

test('a left-over part with wrong bytes is thrown away and the file fetched again', async (t) => {
  const { archive } = await smallCifar(t);
  const server = await serve(t, (request, response) => sendRange(request, response, archive));
  const description = cifarDescription(archive, 1, [`${server.url}/c.tar.gz`]);
  for (const length of [100, archive.length, archive.length + 500]) {
    const cacheDir = await scratchFolder(t);
    await mkdir(join(cacheDir, 'datasets', 'cifar10'), { recursive: true });
    const part = `${sha256(archive).slice(0, 16)}-cifar-10-binary.tar.gz.part`;
    await writeFile(join(cacheDir, 'datasets', 'cifar10', part), Buffer.alloc(length, 7));
    assert.equal((await prepareDataset(description, { cacheDir })).trainImages, 15, `part of ${length} bytes`);
    assert.deepEqual(await entriesOf(cacheDir, 'cifar10'), [sha256(archive).slice(0, 16)]);
  }
});

test('a file that is not there or not the right one says so, and leaves nothing behind', async (t) => {
  const { archive } = await smallCifar(t);
  const page = Buffer.from('<html>Please log in</html>');
  const server = await serve(t, (request, response) =>
    request.url === '/page' ? sendRange(request, response, page) : response.writeHead(404).end('no'),
  );
  const cacheDir = await scratchFolder(t);
  await assert.rejects(
    prepareDataset(cifarDescription(archive, 1, [`${server.url}/gone.tar.gz`]), { cacheDir }),
    datasetError('missing', `${server.url}/gone.tar.gz`, 'HTTP 404', 'NSS_DATASET_MIRROR'),
  );
  assert.equal(server.requests.length, 1);
  await assert.rejects(
    prepareDataset(cifarDescription(archive, 1, [`${server.url}/page`]), { cacheDir }),
    datasetError('truncated', sha256(archive), sha256(page), `found ${page.length} bytes`),
  );
  assert.deepEqual(await entriesOf(cacheDir, 'cifar10'), []);
});

test('an unreachable server is an error that names the address and the ways out', async (t) => {
  const { archive } = await smallCifar(t);
  const server = await serve(t, (_, response) => response.destroy());
  await assert.rejects(
    prepareDataset(
      cifarDescription(archive, 1, [`${server.url}/c.tar.gz`]),
      { cacheDir: await scratchFolder(t) },
      { retryDelaysMs: [0, 0] },
    ),
    datasetError('unavailable', `${server.url}/c.tar.gz`, 'NSS_DATASET_MIRROR'),
  );
  assert.equal(server.requests.length, 3);
});

test('a download stops when asked to, and keeps what it has', async (t) => {
  const { archive } = await smallCifar(t);
  const server = await serve(t, (_, response) => {
    response.writeHead(200, { 'content-length': archive.length }).write(archive.subarray(0, 1000));
  });
  const cacheDir = await scratchFolder(t);
  const stop = new AbortController();
  await assert.rejects(
    prepareDataset(cifarDescription(archive, 1, [`${server.url}/c.tar.gz`]), {
      cacheDir,
      signal: stop.signal,
      onProgress: () => setImmediate(() => stop.abort()),
    }),
    { name: 'AbortError' },
  );
  assert.deepEqual(
    (await entriesOf(cacheDir, 'cifar10')).map((name) => name.split('.').at(-1)),
    ['part'],
  );
});

test('a mirror over HTTP serves archives by its own sums', async (t) => {
  const { archive, description } = await smallCifar(t);
  const sums = Buffer.from(`${sha256(archive)} *./cifar-10-mini.tar.gz\n`);
  const server = await serve(t, (request, response) =>
    sendRange(request, response, request.url === '/m/SHA256SUMS' ? sums : archive),
  );
  const prepared = await prepareDataset(description, { cacheDir: await scratchFolder(t), mirror: `${server.url}/m` });
  assert.equal(prepared.archives[0].source, `${server.url}/m/cifar-10-mini.tar.gz`);
});

test('a mirror with a missing, changed or unlisted archive, or without sums, is an error that names the file', async (t) => {
  const { archive, description } = await smallCifar(t);
  const cacheDir = await scratchFolder(t);
  const name = 'cifar-10-binary.tar.gz';
  const prepare = async (mirror: string) => prepareDataset(description, { cacheDir, mirror });

  await assert.rejects(prepare(join(cacheDir, 'nothing')), datasetError('missing', 'SHA256SUMS', 'ENOENT'));
  await assert.rejects(
    prepare(await mirrorFolder(t, {}, { [name]: archive })),
    datasetError('missing', name, 'ENOENT'),
  );
  const cut = archive.subarray(0, 1000);
  await assert.rejects(
    prepare(await mirrorFolder(t, { [name]: cut }, { [name]: archive })),
    datasetError('corrupt', name, `SHA-256 ${sha256(archive)}`, `found 1,000 bytes with SHA-256 ${sha256(cut)}`),
  );
  const bad = await mirrorFolder(t, { [name]: archive });
  await writeFile(join(bad, 'SHA256SUMS'), `${sha256(archive)}  ../${name}\n`);
  await assert.rejects(prepare(bad), datasetError('corrupt', 'SHA256SUMS, line 1', 'sha256sum'));
  assert.deepEqual(await entriesOf(cacheDir, 'cifar10'), []);
});

test('an archive with a right checksum and wrong content is an error that names the file in it', async (t) => {
  const batch = (n: number) => cifarRecords(0, n, 1);
  const good = {
    'small-bin/batch_1.bin': batch(2),
    'small-bin/batch_2.bin': batch(2),
    'small-bin/batch_3.bin': batch(2),
    'small-bin/test.bin': batch(2),
  };
  const wrongLabel = batch(2);
  wrongLabel[3073] = 10;
  const { 'small-bin/test.bin': _, ...withoutTest } = good;
  const whole = await tarGz(t, good);
  const cases: [Buffer, ReturnType<typeof datasetError>][] = [
    [await tarGz(t, withoutTest), datasetError('missing', 'small-bin/test.bin')],
    [
      await tarGz(t, { ...good, 'small-bin/batch_2.bin': batch(2).subarray(0, 5000) }),
      datasetError('truncated', 'small-bin/batch_2.bin', 'multiple of 3,073 bytes', 'found 5,000 bytes'),
    ],
    [
      await tarGz(t, { ...good, 'small-bin/batch_3.bin': wrongLabel }),
      datasetError('corrupt', 'small-bin/batch_3.bin', 'labels 0 to 9', 'label 10'),
    ],
    [whole.subarray(0, whole.length - 200), datasetError('corrupt', 'cifar-10-binary.tar.gz', 'cannot be unpacked')],
    [Buffer.from('no archive at all'), datasetError('corrupt', 'cifar-10-binary.tar.gz', 'cannot be unpacked')],
  ];
  for (const [archive, expected] of cases) {
    const cacheDir = await scratchFolder(t);
    const mirror = await mirrorFolder(t, { 'cifar-10-binary.tar.gz': archive });
    await assert.rejects(prepareDataset(cifarDescription(archive), { cacheDir, mirror }), expected);
    assert.deepEqual(await entriesOf(cacheDir, 'cifar10'), []);
  }
});

test('nothing of an archive but the record files reaches the disk', async (t) => {
  const { archive } = await smallCifar(t);
  // Rewrites the header of readme.txt into one that climbs out of the folder; both names have the same length.
  const tar = gunzipSync(archive);
  const at = tar.indexOf('small-bin/readme.txt');
  tar.write('../../../escaped.txt', at);
  const header = tar.subarray(at, at + 512);
  header.fill(' ', 148, 156);
  header.write(
    `${header
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
  );
  const evil = gzipSync(tar);

  const cacheDir = await scratchFolder(t);
  const mirror = await mirrorFolder(t, { 'cifar-10-binary.tar.gz': evil });
  const prepared = await prepareDataset(cifarDescription(evil), { cacheDir, mirror });
  assert.equal(prepared.trainImages, 15);
  const files = (await readdir(cacheDir, { recursive: true })).filter((name) => /escaped|readme/.test(name));
  assert.deepEqual(files, []);
});

test('a Debian package is downloaded by apt, after an update of its lists when needed, and unpacked', async (t) => {
  const { files, description } = smallFashion();
  const commands: string[] = [];
  const run = async (command: string, args: string[], { cwd }: { cwd: string }) => {
    commands.push([command, args[0]].join(' '));
    if (args[0] === 'download' && !commands.includes('apt-get update')) {
      throw Object.assign(new Error('exit 100'), { code: 100, stderr: 'E: Unable to locate package dataset-small\n' });
    }
    if (args[0] === 'download') await writeFile(join(cwd, 'dataset-small_1_all.deb'), '');
    if (command === 'dpkg-deb') {
      const folder = join(args[2], '/nowhere/dataset-small');
      await mkdir(folder, { recursive: true });
      for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
    }
  };
  const cacheDir = await scratchFolder(t);
  const prepared = await prepareDataset(description, { cacheDir }, { run });
  assert.deepEqual(commands, ['apt-get download', 'apt-get update', 'apt-get download', 'dpkg-deb -x']);
  assert.deepEqual([prepared.trainImages, prepared.testImages, prepared.official], [6, 3, true]);
  assert.match(prepared.archives[0].source, /Debian package dataset-small/);
  assert.equal((await readFile(join(prepared.folder, 'train-images.bin')))[784 + 28 + 1], pixel(1, 0, 1, 1));
  assert.deepEqual([...(await readFile(join(prepared.folder, 'test-labels.bin')))], [9, 8, 7]);
});

test('without Debian the public homes are tried in order, and when all fail the error names each way', async (t) => {
  const { files } = smallFashion();
  const server = await serve(t, (request, response) => {
    const content = request.url?.startsWith('/second/') && files[request.url.slice('/second/'.length)];
    if (content) sendRange(request, response, content);
    else response.writeHead(404).end();
  });
  const homes = (...names: string[]) => smallFashion((file) => names.map((name) => `${server.url}/${name}/${file}`));
  const options = async () => ({ cacheDir: await scratchFolder(t) });
  const prepared = await prepareDataset(homes('first', 'second').description, await options(), noDebian);
  assert.equal(prepared.archives[0].source, `${server.url}/second/train-images.gz`);
  await assert.rejects(
    prepareDataset(homes('first').description, await options(), noDebian),
    datasetError(
      'missing',
      'dataset-small could not be downloaded: no apt-get here',
      `${server.url}/first/train-images.gz`,
    ),
  );
});

test('a mirror that lists nothing of a data set leaves it to the other sources; one that lists a part is at fault', async (t) => {
  const { files } = smallFashion();
  const server = await serve(t, (request, response) =>
    sendRange(request, response, files[request.url?.slice(1) ?? '']),
  );
  const { description } = smallFashion((file) => [`${server.url}/${file}`]);
  const other = await mirrorFolder(t, { 'cifar-10-binary.tar.gz': Buffer.from('x') });
  const cacheDir = await scratchFolder(t);
  const prepared = await prepareDataset(description, { cacheDir, mirror: other }, noDebian);
  assert.equal(prepared.trainImages, 6);

  const named = Object.fromEntries(Object.entries(files).map(([name, bytes]) => [`fashion-mnist/${name}`, bytes]));
  const whole = await prepareDataset(description, {
    cacheDir: await scratchFolder(t),
    mirror: await mirrorFolder(t, named),
  });
  assert.equal(whole.official, true);
  delete named['fashion-mnist/test-labels.gz'];
  await assert.rejects(
    prepareDataset(description, { cacheDir: await scratchFolder(t), mirror: await mirrorFolder(t, named) }),
    datasetError('missing', 'no test-labels.gz'),
  );
});

test('an IDX file of another kind, shape or length is an error that says what was expected', async (t) => {
  const { files, description } = smallFashion();
  const labels = (values: number[]) => gzipSync(idx([values.length], Uint8Array.from(values)));
  const cases: [string, Buffer, ReturnType<typeof datasetError>][] = [
    [
      'train-images.gz',
      gzipSync(idx([6, 27, 28], new Uint8Array(6 * 27 * 28))),
      datasetError('corrupt', 'shape [count, 28, 28]'),
    ],
    [
      'train-images.gz',
      gzipSync(idx([6, 28, 28], new Uint8Array(4000))),
      datasetError('truncated', 'expected 4,720 bytes unpacked', 'found 4,016 bytes'),
    ],
    ['train-labels.gz', gzipSync(idx([2, 1], Uint8Array.of(1, 2))), datasetError('corrupt', 'shape [count]')],
    [
      'train-labels.gz',
      files['train-images.gz'],
      datasetError('corrupt', 'holds more than train-labels.gz can', 'at most 14 bytes unpacked'),
    ],
    ['train-labels.gz', gzipSync(Buffer.from([0, 0])), datasetError('corrupt', 'a header of nothing')],
    ['train-labels.gz', labels([1, 2, 3]), datasetError('corrupt', 'expected 3 images', 'found 6 images')],
    ['test-labels.gz', labels([1, 2, 10]), datasetError('corrupt', 'labels 0 to 9', 'label 10')],
    ['test-labels.gz', files['test-labels.gz'].subarray(0, 20), datasetError('corrupt', 'cannot be unpacked')],
  ];
  for (const [file, content, expected] of cases) {
    const named = Object.fromEntries(
      Object.entries({ ...files, [file]: content }).map(([name, bytes]) => [`fashion-mnist/${name}`, bytes]),
    );
    const options = { cacheDir: await scratchFolder(t), mirror: await mirrorFolder(t, named) };
    await assert.rejects(prepareDataset(description, options), expected, file);
  }
});

test('an unknown data set is an error that lists the known ones', async (t) => {
  await assert.rejects(
    fetchDataset('imagenet', { cacheDir: await scratchFolder(t) }),
    datasetError('unknown-dataset', '"imagenet"', 'fashion-mnist, cifar10, cifar100'),
  );
});
