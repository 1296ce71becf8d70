import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { drawPermutation, randomOf } from '@nss/space';
import { DatasetError } from './errors.ts';

/** How images of a folder are told apart into those to train with and those to test on. */
export type FolderSplit = {
  /** Share of each class that is held out, at least one image of it. */
  readonly testShare: number;
  /** Decides which images. */
  readonly seed: number;
};

/** A user's own images, a folder per class: what was found there. The shape of `nss.v1.ImageFolder`. */
export type ImageFolder = {
  /** Absolute. */
  readonly path: string;
  /** In the order of the labels. */
  readonly classNames: readonly string[];
  readonly trainImages: number;
  readonly testImages: number;
  /** 0 where the folder has `train/` and `test/` itself. */
  readonly testShare: number;
  readonly splitSeed: number;
  /** SHA-256, in hex, of every image's place and content, of the split, and of how images are prepared. */
  readonly digest: string;
};

/** An image of a folder. */
export type FolderImage = { readonly file: string; readonly label: number };

/** The images of a folder in a random order that follows from the split's seed, so that any first part of them holds all classes. */
export type FolderImages = {
  readonly classNames: readonly string[];
  readonly train: readonly FolderImage[];
  readonly test: readonly FolderImage[];
  /** The split that was applied; none where the folder has `train/` and `test/`. */
  readonly split?: FolderSplit;
};

export const defaultFolderSplit: FolderSplit = { testShare: 0.2, seed: 0 };

/** Labels are bytes. */
const MOST_CLASSES = 256;

/** Grows when the same images are prepared differently. */
const PREPARATION = 1;

/**
 * Looks through a folder with a folder of PNG and JPEG files per class, or with such folders in `train/` and `test/`, and says what is
 * there. `split` is for folders without `train/` and `test/`. Throws DatasetError `missing`, or `invalid-spec` with
 * everything that is wrong.
 */
export async function scanImageFolder(path: string, split?: FolderSplit): Promise<ImageFolder> {
  const images = await listFolderImages(path, split);
  const { testShare, seed } = images.split ?? { testShare: 0, seed: defaultFolderSplit.seed };
  const digest = createHash('sha256').update(JSON.stringify([PREPARATION, images.classNames]));
  for (const part of ['train', 'test'] as const) {
    for (const { file, label } of images[part]) {
      const content = createHash('sha256');
      await pipeline(createReadStream(join(path, file)), content);
      digest.update(JSON.stringify([part, file, label, content.digest('hex')]));
    }
  }
  return {
    path,
    classNames: images.classNames,
    trainImages: images.train.length,
    testImages: images.test.length,
    testShare,
    splitSeed: seed,
    digest: digest.digest('hex'),
  };
}

/** The images behind `scanImageFolder`, without their contents; throws what it throws. */
export async function listFolderImages(path: string, split?: FolderSplit): Promise<FolderImages> {
  const folders = await foldersIn(path, '');
  const faults: string[] = [];
  const isSplit = folders.length === 2 && folders.includes('train') && folders.includes('test');
  if (isSplit && (await foldersIn(path, 'train')).length > 0) {
    if (split) {
      faults.push(`${path} is split already, into train/ and test/: leave the split out, or name another folder`);
    }
    return splitByFolders(path, faults);
  }
  return splitByDraw(path, folders, split ?? defaultFolderSplit, faults);
}

async function splitByFolders(path: string, faults: string[]): Promise<FolderImages> {
  const classNames = await foldersIn(path, 'train');
  const others = (await foldersIn(path, 'test')).filter((name) => !classNames.includes(name));
  if (others.length > 0) faults.push(`test/ has classes that train/ has not: ${some(others)}`);
  checkClasses(classNames, `${path}/train`, faults);
  const parts = { train: [] as FolderImage[], test: [] as FolderImage[] };
  for (const part of ['train', 'test'] as const) {
    for (const [label, name] of classNames.entries()) {
      const files = await imagesIn(path, join(part, name), faults);
      if (files.length === 0) faults.push(`${part}/${name} has no image; expected at least one`);
      parts[part].push(...files.map((file) => ({ file, label })));
    }
  }
  throwIfAny(path, faults);
  const { seed } = defaultFolderSplit;
  return { classNames, train: shuffled(parts.train, seed, 'train'), test: shuffled(parts.test, seed, 'test') };
}

async function splitByDraw(
  path: string,
  classNames: readonly string[],
  split: FolderSplit,
  faults: string[],
): Promise<FolderImages> {
  checkClasses(classNames, path, faults);
  const { testShare, seed } = split;
  const parts = { train: [] as FolderImage[], test: [] as FolderImage[] };
  for (const [label, name] of classNames.entries()) {
    const files = await imagesIn(path, name, faults);
    if (files.length < 2) {
      const found = files.length === 0 ? 'no image' : 'one image';
      faults.push(`${name} has ${found}; expected at least two, one to train with and one to test on`);
      continue;
    }
    const held = Math.min(files.length - 1, Math.max(1, Math.round(testShare * files.length)));
    const order = drawPermutation(randomOf(seed, 'folder-split', name), files.length);
    for (const [i, from] of order.entries()) {
      parts[i < held ? 'test' : 'train'].push({ file: files[from], label });
    }
  }
  throwIfAny(path, faults);
  return { classNames, train: shuffled(parts.train, seed, 'train'), test: shuffled(parts.test, seed, 'test'), split };
}

function checkClasses(classNames: readonly string[], where: string, faults: string[]): void {
  if (classNames.length >= 2 && classNames.length <= MOST_CLASSES) return;
  const expected = `a folder for each class, 2 to ${MOST_CLASSES} of them`;
  faults.push(`${where} has ${classNames.length} folders; expected ${expected}`);
}

/** Names of the folders in a folder, sorted; hidden ones do not count. */
async function foldersIn(path: string, folder: string): Promise<string[]> {
  const entries = await entriesOf(path, folder);
  return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
}

/** The PNG and JPEG files of a class, sorted, as paths from the data set's folder. Anything else there is a fault. */
async function imagesIn(path: string, folder: string, faults: string[]): Promise<string[]> {
  const entries = await entriesOf(path, folder).catch((error) => {
    if (!(error instanceof DatasetError)) throw error;
    return [];
  });
  const isImage = (name: string) => /\.(png|jpe?g)$/i.test(name);
  const others = entries.filter((entry) => !entry.isFile() || !isImage(entry.name)).map(({ name }) => name);
  if (others.length > 0) faults.push(`${folder} has what is no PNG or JPEG file: ${some(others)}; move it elsewhere`);
  return entries.flatMap((entry) => (entry.isFile() && isImage(entry.name) ? [join(folder, entry.name)] : []));
}

async function entriesOf(path: string, folder: string) {
  try {
    const entries = await readdir(join(path, folder), { withFileTypes: true });
    // By code unit, so that every machine gives the classes the same labels.
    return entries.filter(({ name }) => !name.startsWith('.')).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'there is no such folder' : code === 'ENOTDIR' ? 'it is not a folder' : message;
    const file = join(path, folder);
    throw new DatasetError('missing', `the image folder ${file} cannot be read: ${reason}`, { file, cause });
  }
}

function shuffled(images: readonly FolderImage[], seed: number, part: string): FolderImage[] {
  return Array.from(drawPermutation(randomOf(seed, 'folder-order', part), images.length), (i) => images[i]);
}

function throwIfAny(path: string, faults: readonly string[]): void {
  if (faults.length === 0) return;
  const violations = faults.map((message) => ({ field: 'folder', message }));
  throw new DatasetError('invalid-spec', `the image folder ${path} cannot be used: ${faults.join('; ')}`, {
    file: path,
    violations,
  });
}

/** The first names of a list, and how many there are. */
function some(names: readonly string[]): string {
  const first = names.slice(0, 3).join(', ');
  return names.length > 3 ? `${first} and ${names.length - 3} more` : first;
}
