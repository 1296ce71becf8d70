import { type FileHandle, mkdir, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { streamOf, type VerifiedArchive } from './archive.ts';
import type { DatasetDescription, RecordFormat } from './catalog.ts';
import { DatasetError, formatCount } from './errors.ts';
import { type OnProgress, progressMeter } from './progress.ts';
import { extractFiles, gunzipped } from './unpack.ts';

/** The files of a prepared data set: labels one byte each, images `[count, side, side, channels]` one byte a value. */
export const recordFiles = {
  train: { images: 'train-images.bin', labels: 'train-labels.bin' },
  test: { images: 'test-images.bin', labels: 'test-labels.bin' },
} as const;

/**
 * Unpacks verified archives into the four record files in `folder`, and returns how many records there are.
 * Throws DatasetError `missing`, `truncated` or `corrupt` naming the file inside the archive.
 *
 * @param scratch an empty folder for what is needed in between
 */
export async function unpackRecords(
  description: DatasetDescription,
  archives: readonly VerifiedArchive[],
  folder: string,
  scratch: string,
  options: { onProgress?: OnProgress; signal?: AbortSignal } = {},
): Promise<{ train: number; test: number }> {
  const source = (archive: VerifiedArchive): Readable => {
    const { file, bytes: totalBytes } = archive;
    const of = { dataset: description.name, step: 'unpack', file, totalBytes } as const;
    return streamOf(archive, progressMeter(options.onProgress, of), options.signal);
  };
  const { format } = description;
  return format.kind === 'cifar'
    ? unpackCifar(description, format, archives[0], source, folder, scratch, options.signal)
    : unpackIdx(description, format, archives, source, folder);
}

/** `[channel, row, column]` to `[row, column, channel]`, image by image. */
export function interleaveChannels(planes: Uint8Array, into: Uint8Array, pixels: number, channels: number): void {
  for (let c = 0; c < channels; c++) {
    for (let from = c * pixels, to = c, end = from + pixels; from < end; from++, to += channels)
      into[to] = planes[from];
  }
}

type Cifar = Extract<RecordFormat, { kind: 'cifar' }>;
type Idx = Extract<RecordFormat, { kind: 'idx' }>;

const recordsAtOnce = 1000;

async function unpackCifar(
  description: DatasetDescription,
  format: Cifar,
  archive: VerifiedArchive,
  source: (archive: VerifiedArchive) => Readable,
  folder: string,
  scratch: string,
  signal: AbortSignal | undefined,
) {
  const { folder: within, trainFiles, testFiles } = format;
  const names = [...trainFiles, ...testFiles].map((name) => `${within}/${name}`);
  const { trainImages, testImages, channels, imageSide } = description;
  const recordBytes = format.labelBytes + channels * imageSide * imageSide;
  await mkdir(join(scratch, within));
  // What belongs to it is less than as much again.
  const mostBytes = 2 * (trainImages + testImages) * recordBytes + 2 ** 20;
  await extractFiles(archive, source(archive), { names, mostBytes, folder: scratch });
  const counts = { train: 0, test: 0 };
  for (const part of ['train', 'test'] as const) {
    const images = await open(join(folder, recordFiles[part].images), 'wx');
    const labels = await open(join(folder, recordFiles[part].labels), 'wx');
    try {
      for (const name of part === 'train' ? format.trainFiles : format.testFiles) {
        signal?.throwIfAborted();
        const where = `${archive.source}, ${format.folder}/${name}`;
        const input = await open(join(scratch, format.folder, name)).catch((cause) => {
          throw new DatasetError('missing', `${where} is missing; get the binary version of ${description.title}`, {
            file: where,
            expected: `${format.folder}/${name}`,
            found: 'no such file in the archive',
            cause,
          });
        });
        try {
          counts[part] += await convertCifarFile(description, format, where, input, images, labels);
        } finally {
          await input.close();
        }
      }
    } finally {
      await images.close();
      await labels.close();
    }
  }
  return counts;
}

async function convertCifarFile(
  { classes, channels, imageSide }: DatasetDescription,
  { labelBytes }: Cifar,
  where: string,
  input: FileHandle,
  images: FileHandle,
  labels: FileHandle,
): Promise<number> {
  const pixels = imageSide * imageSide;
  const imageBytes = channels * pixels;
  const recordBytes = labelBytes + imageBytes;
  const { size } = await input.stat();
  if (size === 0 || size % recordBytes !== 0) {
    const expected = `a multiple of ${formatCount(recordBytes)} bytes`;
    const found = `${formatCount(size)} bytes`;
    const message = `${where} holds no whole number of records: expected ${expected}, found ${found}; replace the archive`;
    throw new DatasetError('truncated', message, { file: where, expected, found });
  }
  const count = size / recordBytes;
  const records = new Uint8Array(recordsAtOnce * recordBytes);
  const imagesOut = new Uint8Array(recordsAtOnce * imageBytes);
  const labelsOut = new Uint8Array(recordsAtOnce);
  for (let done = 0; done < count; ) {
    const n = Math.min(recordsAtOnce, count - done);
    await readExactly(input, records.subarray(0, n * recordBytes), done * recordBytes, where);
    for (let i = 0; i < n; i++) {
      const image = i * recordBytes + labelBytes;
      labelsOut[i] = records[image - 1];
      interleaveChannels(
        records.subarray(image, image + imageBytes),
        imagesOut.subarray(i * imageBytes, (i + 1) * imageBytes),
        pixels,
        channels,
      );
    }
    checkLabels(labelsOut.subarray(0, n), classes, where);
    await images.writeFile(imagesOut.subarray(0, n * imageBytes));
    await labels.writeFile(labelsOut.subarray(0, n));
    done += n;
  }
  return count;
}

async function unpackIdx(
  { classes, imageSide, ...most }: DatasetDescription,
  format: Idx,
  archives: readonly VerifiedArchive[],
  source: (archive: VerifiedArchive) => Readable,
  folder: string,
) {
  const read = async (file: string, shape: readonly number[], most: number) => {
    const archive = archives.find((candidate) => candidate.file === file);
    if (!archive) throw new Error(`${file} was not fetched`);
    const mostBytes = shape.reduce((product, side) => product * side, most) + headerBytes(shape);
    const bytes = await gunzipped(archive, source(archive), mostBytes);
    return { where: archive.source, ...parseIdx(bytes, shape, archive.source) };
  };
  const counts = { train: 0, test: 0 };
  for (const part of ['train', 'test'] as const) {
    const [imagesFile, labelsFile] =
      part === 'train' ? [format.trainImages, format.trainLabels] : [format.testImages, format.testLabels];
    const labels = await read(labelsFile, [], most[`${part}Images`]);
    checkLabels(labels.values, classes, labels.where);
    const images = await read(imagesFile, [imageSide, imageSide], most[`${part}Images`]);
    if (images.count !== labels.count) {
      const expected = `${formatCount(labels.count)} images`;
      const found = `${formatCount(images.count)} images`;
      const message = `${images.where}, ${imagesFile} does not fit ${labelsFile}: expected ${expected}, found ${found}; replace both`;
      throw new DatasetError('corrupt', message, { file: imagesFile, expected, found });
    }
    await writeFile(join(folder, recordFiles[part].images), images.values, { flag: 'wx' });
    await writeFile(join(folder, recordFiles[part].labels), labels.values, { flag: 'wx' });
    counts[part] = images.count;
  }
  return counts;
}

/**
 * Reads an IDX file of bytes, `[count, ...shape]`: a magic number 0x0800 + dimensions, every dimension as a big-endian
 * 32-bit number, then the values. Throws DatasetError `corrupt` or `truncated`.
 */
export function parseIdx(
  bytes: Buffer,
  shape: readonly number[],
  where: string,
): { count: number; values: Uint8Array } {
  const start = headerBytes(shape);
  const header = Array.from({ length: Math.floor(Math.min(bytes.length, start) / 4) }, (_, i) =>
    bytes.readUInt32BE(4 * i),
  );
  const wanted = [0x0800 + shape.length + 1, header[1], ...shape];
  if (header.length < wanted.length || wanted.some((value, i) => header[i] !== value)) {
    const expected = `an IDX file of bytes with shape [count${shape.map((side) => `, ${side}`).join('')}]`;
    const found = `a header of ${header.map((value) => `0x${value.toString(16)}`).join(' ') || 'nothing'}`;
    throw new DatasetError('corrupt', `${where}: expected ${expected}, found ${found}; replace the file`, {
      file: where,
      expected,
      found,
    });
  }
  const count = header[1];
  const expectedBytes = start + count * shape.reduce((product, side) => product * side, 1);
  if (bytes.length !== expectedBytes) {
    const expected = `${formatCount(expectedBytes)} bytes unpacked`;
    const found = `${formatCount(bytes.length)} bytes`;
    throw new DatasetError(
      bytes.length < expectedBytes ? 'truncated' : 'corrupt',
      `${where}: expected ${expected}, found ${found}; replace the file`,
      { file: where, expected, found },
    );
  }
  return { count, values: bytes.subarray(start) };
}

const headerBytes = (shape: readonly number[]) => 4 + 4 * (shape.length + 1);

/** Throws DatasetError `corrupt` when a label is of no class. */
export function checkLabels(labels: Uint8Array, classes: number, where: string): void {
  const wrong = labels.find((label) => label >= classes);
  if (wrong === undefined) return;
  const expected = `labels 0 to ${classes - 1}`;
  const found = `label ${wrong}`;
  throw new DatasetError('corrupt', `${where}: expected ${expected}, found ${found}; replace it`, {
    file: where,
    expected,
    found,
  });
}

/** Fills `into` from a place in a file. Throws DatasetError `truncated` when the file ends before. */
export async function readExactly(file: FileHandle, into: Uint8Array, position: number, where: string): Promise<void> {
  for (let done = 0; done < into.length; ) {
    const { bytesRead } = await file.read(into, done, into.length - done, position + done);
    if (bytesRead === 0) {
      const expected = `${formatCount(position + into.length)} bytes`;
      const found = `${formatCount(position + done)} bytes`;
      const message = `${where} ended too early: expected ${expected}, found ${found}; fetch the data set again`;
      throw new DatasetError('truncated', message, { file: where, expected, found });
    }
    done += bytesRead;
  }
}
