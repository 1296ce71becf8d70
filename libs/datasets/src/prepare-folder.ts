import { mkdir, mkdtemp, open, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { contentFolder, datasetFolder, type PreparedDataset, publish, readPrepared, writeManifest } from './cache.ts';
import { DatasetError } from './errors.ts';
import type { FetchOptions } from './fetch.ts';
import { type FolderImage, type ImageFolder, listFolderImages, scanImageFolder } from './image-folder.ts';
import { progressMeter } from './progress.ts';
import { recordFiles } from './records.ts';

/** Name of data sets that are image folders. */
export const FOLDER = 'folder';

/** How records of image folders lie in the cache. Those of 16 pixels are made from those of 32, as those of published data sets are. */
export const folderRecords = (imageSize: number) =>
  ({ name: FOLDER, imageSide: imageSize === 16 ? 32 : imageSize, channels: 3 }) as const;

/**
 * Makes sure that the images of a folder are in the cache, decoded, upright, on white where they are transparent, and the square in
 * their middle resized for networks that are fed `imageSize` pixels a side. What is in the cache by its digest and size needs the folder no
 * more. Throws DatasetError: `missing`, `changed` when the folder no longer holds what was found there, `corrupt` with every image that
 * cannot be decoded, or what `scanImageFolder` throws.
 */
export async function prepareImageFolder(
  folder: ImageFolder,
  imageSize: number,
  { cacheDir, onProgress, signal }: Pick<FetchOptions, 'cacheDir' | 'onProgress' | 'signal'>,
): Promise<PreparedDataset> {
  const records = folderRecords(imageSize);
  const place = `${contentFolder(cacheDir, FOLDER, [{ sha256: folder.digest }])}-${records.imageSide}`;
  const present = await readPrepared(records, place);
  if (present) return present;

  const { path, testShare, splitSeed } = folder;
  const split = testShare === 0 ? undefined : { testShare, seed: splitSeed };
  const found = await scanImageFolder(path, split);
  if (found.digest !== folder.digest) {
    const message = `the images in ${path} are not those that were found there before: expected ${describe(folder)}, found ${describe(found)}; make another campaign of them`;
    throw new DatasetError('changed', message, { file: path, expected: folder.digest, found: found.digest });
  }
  const images = await listFolderImages(path, split);
  await mkdir(datasetFolder(cacheDir, FOLDER), { recursive: true });
  const work = await mkdtemp(join(datasetFolder(cacheDir, FOLDER), '.preparing-'));
  try {
    const sizes = await Promise.all([...images.train, ...images.test].map(({ file }) => stat(join(path, file))));
    const totalBytes = sizes.reduce((sum, { size }) => sum + size, 0);
    const report = progressMeter(onProgress, { dataset: FOLDER, step: 'unpack', file: path, totalBytes });
    const broken: string[] = [];
    let done = 0;
    for (const part of ['train', 'test'] as const) {
      await writeRecords(path, images[part], records.imageSide, { work, part }, broken, (bytes) => {
        signal?.throwIfAborted();
        done += bytes;
        report(done);
      });
    }
    if (broken.length > 0) throw brokenImages(path, broken);
    await writeManifest(work, records, {
      name: FOLDER,
      trainImages: images.train.length,
      testImages: images.test.length,
      official: false,
      archives: [{ file: path, source: path, bytes: 0, sha256: folder.digest }],
    });
    return await publish(records, work, place);
  } finally {
    await rm(work, { recursive: true, force: true, maxRetries: 10 });
  }
}

async function writeRecords(
  path: string,
  images: readonly FolderImage[],
  side: number,
  { work, part }: { work: string; part: 'train' | 'test' },
  broken: string[],
  onImage: (bytes: number) => void,
): Promise<void> {
  const pixels = await open(join(work, recordFiles[part].images), 'wx');
  const labels = await open(join(work, recordFiles[part].labels), 'wx');
  try {
    for (const { file } of images) {
      const content = await readFile(join(path, file));
      await decode(content, side).then(
        (image) => pixels.appendFile(image),
        (error: Error) => broken.push(`${file} (${error.message.trim()})`),
      );
      onImage(content.length);
    }
    await labels.appendFile(Uint8Array.from(images, ({ label }) => label));
  } finally {
    await pixels.close();
    await labels.close();
  }
}

/** `[side, side, 3]`, one byte a value. */
async function decode(image: Buffer, side: number): Promise<Buffer> {
  // Only who has an image folder needs it.
  const { default: sharp } = await import('sharp');
  return sharp(image, { failOn: 'warning' })
    .autoOrient()
    .flatten({ background: '#ffffff' })
    .resize(side, side, { fit: 'cover' })
    .toColourspace('srgb')
    .raw()
    .toBuffer();
}

function brokenImages(path: string, broken: readonly string[]): DatasetError {
  const first = broken.slice(0, 5).join(', ');
  const more = broken.length > 5 ? ` and ${broken.length - 5} more` : '';
  const what = broken.length === 1 ? 'an image' : `${broken.length} images`;
  const message = `${what} in ${path} cannot be decoded: ${first}${more}; replace or remove them`;
  return new DatasetError('corrupt', message, { file: join(path, broken[0]) });
}

const describe = ({ classNames, trainImages, testImages }: ImageFolder) =>
  `${trainImages} + ${testImages} images of ${classNames.length} classes`;
