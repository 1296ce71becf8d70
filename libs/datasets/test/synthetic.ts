import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { create } from 'tar';
import type { DatasetDescription } from '../src/catalog.ts';

/** A folder that goes when the test ends. */
export async function scratchFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'nss-datasets-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** The value of a made-up image at a place: differs with every index. */
export const pixel = (image: number, channel: number, y: number, x: number) =>
  (image * 131 + channel * 61 + y * 7 + x * 3) % 256;

/** Records in CIFAR's form, images numbered from `first`: label bytes, then plane after plane. */
export function cifarRecords(first: number, count: number, labelBytes: 1 | 2): Buffer {
  const records: number[] = [];
  for (let i = first; i < first + count; i++) {
    if (labelBytes === 2) records.push(99);
    records.push(i % 10);
    for (let c = 0; c < 3; c++)
      for (let y = 0; y < 32; y++) for (let x = 0; x < 32; x++) records.push(pixel(i, c, y, x));
  }
  return Buffer.from(records);
}

/** A tar.gz of files, in the given order. */
export async function tarGz(t: TestContext, files: Record<string, Uint8Array>): Promise<Buffer> {
  const folder = await scratchFolder(t);
  for (const [name, content] of Object.entries(files)) {
    await mkdir(join(folder, name, '..'), { recursive: true });
    await writeFile(join(folder, name), content);
  }
  const chunks: Buffer[] = [];
  for await (const chunk of create({ cwd: folder, gzip: true, portable: true }, Object.keys(files))) {
    chunks.push(Buffer.from(chunk));
  }
  return Buffer.concat(chunks);
}

/** CIFAR-10 in small: three training batches of five images, out of order in the archive, and four test images. */
export async function smallCifar(t: TestContext, labelBytes: 1 | 2 = 1) {
  const archive = await tarGz(t, {
    'small-bin/batch_3.bin': cifarRecords(10, 5, labelBytes),
    'small-bin/readme.txt': Buffer.from('ignored'),
    'small-bin/batch_1.bin': cifarRecords(0, 5, labelBytes),
    'small-bin/test.bin': cifarRecords(100, 4, labelBytes),
    'small-bin/batch_2.bin': cifarRecords(5, 5, labelBytes),
  });
  return { archive, description: cifarDescription(archive, labelBytes) };
}

export function cifarDescription(archive: Buffer, labelBytes: 1 | 2 = 1, urls: string[] = []): DatasetDescription {
  return {
    name: 'cifar10',
    title: 'Small CIFAR',
    classes: 10,
    channels: 3,
    imageSide: 32,
    trainImages: 15,
    testImages: 4,
    homePage: '',
    licence: '',
    citation: '',
    archives: [{ file: 'cifar-10-binary.tar.gz', bytes: archive.length, sha256: sha256(archive), urls }],
    format: {
      kind: 'cifar',
      folder: 'small-bin',
      trainFiles: ['batch_1.bin', 'batch_2.bin', 'batch_3.bin'],
      testFiles: ['test.bin'],
      labelBytes,
    },
    mirrorFiles: /^cifar-10-.*\.tar\.gz$/,
  };
}

export const idx = (shape: number[], values: Uint8Array) => {
  const header = Buffer.alloc(4 + 4 * shape.length);
  for (const [i, value] of [0x0800 + shape.length, ...shape].entries()) header.writeUInt32BE(value, 4 * i);
  return Buffer.concat([header, values]);
};

/** Fashion-MNIST in small: six training and three test images of 28x28, from two homes. */
export function smallFashion(urls: (file: string) => string[] = () => []) {
  const images = (first: number, count: number) =>
    Uint8Array.from({ length: count * 784 }, (_, i) =>
      pixel(first + Math.floor(i / 784), 0, Math.floor((i % 784) / 28), i % 28),
    );
  const files: Record<string, Buffer> = {
    'train-images.gz': gzipSync(idx([6, 28, 28], images(0, 6))),
    'train-labels.gz': gzipSync(idx([6], Uint8Array.from([0, 1, 2, 3, 4, 5]))),
    'test-images.gz': gzipSync(idx([3, 28, 28], images(100, 3))),
    'test-labels.gz': gzipSync(idx([3], Uint8Array.from([9, 8, 7]))),
  };
  const sums = Object.fromEntries(Object.entries(files).map(([name, bytes]) => [name, sha256(bytes)]));
  const description: DatasetDescription = {
    name: 'fashion-mnist',
    title: 'Small Fashion-MNIST',
    classes: 10,
    channels: 1,
    imageSide: 28,
    trainImages: 6,
    testImages: 3,
    homePage: '',
    licence: '',
    citation: '',
    archives: Object.entries(files).map(([file, { length }]) => ({
      file,
      bytes: length,
      sha256: sums[file],
      urls: urls(file),
    })),
    format: {
      kind: 'idx',
      trainImages: 'train-images.gz',
      trainLabels: 'train-labels.gz',
      testImages: 'test-images.gz',
      testLabels: 'test-labels.gz',
    },
    mirrorFiles: /fashion-mnist/,
    debian: { package: 'dataset-small', folder: '/nowhere/dataset-small', sha256: sums },
  };
  return { files, description };
}

/** A mirror folder of these files, with the sums of `summed` (by default the same files). */
export async function mirrorFolder(
  t: TestContext,
  files: Record<string, Uint8Array>,
  summed: Record<string, Uint8Array> = files,
): Promise<string> {
  const folder = await scratchFolder(t);
  for (const [name, content] of Object.entries(files)) {
    await mkdir(join(folder, name, '..'), { recursive: true });
    await writeFile(join(folder, name), content);
  }
  const lines = Object.entries(summed).map(([name, content]) => `${sha256(content)}  ${name}\n`);
  await writeFile(join(folder, 'SHA256SUMS'), lines.join(''));
  return folder;
}

/** An HTTP server on this machine; returns its address and the requests it got. */
export async function serve(t: TestContext, handle: (request: IncomingMessage, response: ServerResponse) => void) {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    handle(request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

/** Answers with `content`, from where the request's range starts; `end` cuts the connection there. */
export function sendRange(request: IncomingMessage, response: ServerResponse, content: Buffer, end = content.length) {
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  if (start >= content.length) {
    response.writeHead(416, { 'content-range': `bytes */${content.length}` }).end();
    return;
  }
  const range = `bytes ${start}-${content.length - 1}/${content.length}`;
  response.writeHead(start > 0 ? 206 : 200, {
    'content-length': content.length - start,
    ...(start > 0 && { 'content-range': range }),
  });
  if (end >= content.length) response.end(content.subarray(start));
  else response.write(content.subarray(start, end), () => response.destroy());
}

/** What a cache folder holds, by name, hidden and unfinished things included. */
export const entriesOf = (cacheDir: string, name: string) => readdir(join(cacheDir, 'datasets', name)).catch(() => []);
