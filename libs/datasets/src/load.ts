import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { imageSizes } from '@nss/space';
import type { PreparedDataset, RecordsInfo } from './cache.ts';
import { datasetNames, describeDataset, isDatasetName } from './catalog.ts';
import { DatasetError, formatCount, type SpecViolation } from './errors.ts';
import { type FetchOptions, fetchDataset } from './fetch.ts';
import type { ImageFolder } from './image-folder.ts';
import { channelStatistics, fitImages, sharedBytes } from './pixels.ts';
import { FOLDER, folderRecords, prepareImageFolder } from './prepare-folder.ts';
import { checkLabels, readExactly, recordFiles } from './records.ts';

/** Which images to load; the shape of `nss.v1.DatasetSpec`. */
export type DatasetSpec = {
  name: string;
  /** Side of the square images, in pixels: 32, or 16 by averaging 2x2; of a folder see `imageSizes`. */
  imageSize: number;
  /** Training images from the start of the data set; 0 means all. */
  trainImages: number;
  /** Test images from the start of the test set; 0 means all. */
  testImages: number;
  /** With the name "folder" only: which. */
  folder?: ImageFolder;
};

/** Images in memory, one byte a value; loaded ones in memory that threads share. */
export type Images = {
  /** `[count, height, width, 3]`. */
  images: Uint8Array;
  /** `[count]`, from 0. */
  labels: Uint8Array;
  count: number;
  height: number;
  width: number;
};

/** The images a job works on. */
export type ImageSet = {
  name: string;
  train: Images;
  test: Images;
  classes: number;
  channels: 3;
  height: number;
  width: number;
  /** Of each channel over the training images that are used, in units of the full range (255). */
  mean: readonly number[];
  std: readonly number[];
  /** In the order of the labels, where the data set names them. */
  classNames?: readonly string[];
};

/** Every fault of a spec that shows without the data; empty when there is none. */
export function checkDatasetSpec(spec: DatasetSpec): SpecViolation[] {
  const violations: SpecViolation[] = [];
  if (!isDatasetName(spec.name) && !isFolder(spec)) {
    violations.push({ field: 'name', message: `there is no data set "${spec.name}"; use ${datasetNames.join(', ')}` });
  }
  const sizes = isFolder(spec) ? imageSizes.folder : imageSizes.published;
  if (!sizes.has(spec.imageSize)) {
    violations.push({ field: 'imageSize', message: `expected ${sizes.expected}, found ${spec.imageSize}` });
  }
  for (const field of ['trainImages', 'testImages'] as const) {
    const count = spec[field];
    const known = isFolder(spec) ? spec.folder : isDatasetName(spec.name) ? describeDataset(spec.name) : undefined;
    const most = known?.[field] ?? Number.MAX_SAFE_INTEGER;
    if (!Number.isInteger(count) || count < 0) {
      violations.push({ field, message: `expected a whole number of images, 0 for all, found ${count}` });
    } else if (count > most) {
      violations.push({ field, message: tooFew(spec.name, field, count, most) });
    }
  }
  return violations;
}

/**
 * Loads the first images of a data set, fetching it first where needed. They stay bytes, so 60,000 of 32x32 take 184 MB.
 *
 * Throws DatasetError: `unknown-dataset`, `invalid-spec`, `too-few-images` (also when a mirror holds fewer), or what
 * `fetchDataset` throws.
 */
export async function loadDataset(spec: DatasetSpec, options: FetchOptions): Promise<ImageSet> {
  const violations = checkDatasetSpec(spec);
  if (violations.length > 0) {
    const code = isDatasetName(spec.name) || isFolder(spec) ? 'invalid-spec' : 'unknown-dataset';
    throw new DatasetError(code, violations.map(({ field, message }) => `${field}: ${message}`).join('; '), {
      violations,
    });
  }
  if (!isFolder(spec)) return readDataset(describeDataset(spec.name), spec, await fetchDataset(spec.name, options));
  const { folder, imageSize } = spec;
  const { classNames } = folder;
  const described = { ...folderRecords(imageSize), classes: classNames.length };
  return { ...(await readDataset(described, spec, await prepareImageFolder(folder, imageSize, options))), classNames };
}

const isFolder = (spec: DatasetSpec): spec is DatasetSpec & { folder: ImageFolder } =>
  spec.name === FOLDER && spec.folder !== undefined;

/** `loadDataset` of what is prepared. Throws DatasetError `too-few-images` or `truncated`. */
export async function readDataset(
  description: RecordsInfo & { classes: number },
  spec: DatasetSpec,
  prepared: PreparedDataset,
): Promise<ImageSet> {
  const violations = (['trainImages', 'testImages'] as const)
    .filter((field) => spec[field] > prepared[field])
    .map((field) => ({ field, message: tooFew(spec.name, field, spec[field], prepared[field]) }));
  if (violations.length > 0) {
    const sources = [...new Set(prepared.archives.map(({ source }) => source))].join(', ');
    throw new DatasetError(
      'too-few-images',
      `${violations.map(({ field, message }) => `${field}: ${message}`).join('; ')} (it came from ${sources})`,
      { violations },
    );
  }
  const train = await readImages(description, spec, prepared, 'train', spec.trainImages || prepared.trainImages);
  const test = await readImages(description, spec, prepared, 'test', spec.testImages || prepared.testImages);
  const { height, width } = train;
  const { name, classes } = description;
  return { name, train, test, classes, channels: 3, height, width, ...channelStatistics(train.images) };
}

async function readImages(
  { imageSide, channels, classes }: RecordsInfo & { classes: number },
  { imageSize }: DatasetSpec,
  { folder }: PreparedDataset,
  part: 'train' | 'test',
  count: number,
): Promise<Images> {
  const original = await readStart(join(folder, recordFiles[part].images), count * imageSide * imageSide * channels);
  const labelsFile = join(folder, recordFiles[part].labels);
  const labels = await readStart(labelsFile, count);
  // A spec may say less of the classes than what was prepared has.
  checkLabels(labels, classes, labelsFile);
  const images = fitImages(original, imageSide, channels, imageSize);
  return { images, labels, count, height: imageSize, width: imageSize };
}

async function readStart(path: string, bytes: number): Promise<Uint8Array> {
  const content = sharedBytes(bytes);
  const file = await open(path);
  try {
    await readExactly(file, content, 0, path);
  } finally {
    await file.close();
  }
  return content;
}

function tooFew(name: string, field: 'trainImages' | 'testImages', wanted: number, there: number): string {
  const kind = field === 'trainImages' ? 'training' : 'test';
  return `${formatCount(wanted)} ${kind} images of ${name} are wanted, but there are ${formatCount(there)}; ask for at most that many, or 0 for all`;
}
