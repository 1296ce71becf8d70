import { createHash } from 'node:crypto';
import { readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type DatasetInfo, datasetNames, describeDataset } from './catalog.ts';
import { recordFiles } from './records.ts';

/** A data set in the cache, whole and checked. */
export type PreparedDataset = {
  name: string;
  /** Holds `train-images.bin`, `train-labels.bin`, `test-images.bin`, `test-labels.bin` and `dataset.json`. */
  folder: string;
  /** Records there are; a mirror may hold fewer than the official release. */
  trainImages: number;
  testImages: number;
  /** Is it the official release, by its checksums? */
  official: boolean;
  /** Where each archive came from and what it was. */
  archives: readonly { file: string; source: string; bytes: number; sha256: string }[];
};

/** A data set and what the cache holds of it: the official release, content of mirrors, both or nothing. */
export type DatasetStatus = { info: DatasetInfo; prepared: PreparedDataset[] };

/** How the records of a data set lie in its files. */
export type RecordsInfo = Pick<DatasetInfo, 'name' | 'imageSide' | 'channels'>;

/** Grows when the form of the record files changes; folders of another version count as absent. */
const formatVersion = 1;
const manifestFile = 'dataset.json';

type Manifest = Omit<PreparedDataset, 'folder'> & { formatVersion: number; imageSide: number; channels: number };

/** `$NSS_CACHE_DIR`, else `$XDG_CACHE_HOME/nss`, else `~/.cache/nss`. */
export function defaultCacheDir(env: NodeJS.ProcessEnv = process.env): string {
  return env.NSS_CACHE_DIR || join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'nss');
}

/** Every data set, and what of it is in the cache. */
export async function listDatasets({ cacheDir }: { cacheDir: string }): Promise<DatasetStatus[]> {
  return Promise.all(
    datasetNames.map(async (name) => {
      const info = describeDataset(name);
      const folder = datasetFolder(cacheDir, name);
      const entries = await readdir(folder).catch(() => []);
      const prepared = await Promise.all(entries.sort().map((entry) => readPrepared(info, join(folder, entry))));
      return { info, prepared: prepared.filter((found) => found !== undefined) };
    }),
  );
}

/** Where everything of a data set is cached. */
export const datasetFolder = (cacheDir: string, name: string) => join(cacheDir, 'datasets', name);

/** Where content lives: decided by the checksums of its archives, so a mirror's is never taken for the official one. */
export function contentFolder(cacheDir: string, name: string, archives: readonly { sha256: string }[]): string {
  const sums = archives.map(({ sha256 }) => sha256);
  const id = sums.length === 1 ? sums[0] : createHash('sha256').update(sums.join('\n')).digest('hex');
  return join(datasetFolder(cacheDir, name), id.slice(0, 16));
}

/** What a folder of the cache holds; undefined when it is absent, of another version or not whole. */
export async function readPrepared(description: RecordsInfo, folder: string): Promise<PreparedDataset | undefined> {
  try {
    const manifest: Manifest = JSON.parse(await readFile(join(folder, manifestFile), 'utf8'));
    if (manifest.formatVersion !== formatVersion || manifest.name !== description.name) return undefined;
    const imageBytes = description.imageSide * description.imageSide * description.channels;
    for (const [part, count] of [
      ['train', manifest.trainImages],
      ['test', manifest.testImages],
    ] as const) {
      if ((await stat(join(folder, recordFiles[part].images))).size !== count * imageBytes) return undefined;
      if ((await stat(join(folder, recordFiles[part].labels))).size !== count) return undefined;
    }
    const { name, trainImages, testImages, official, archives } = manifest;
    return { name, folder, trainImages, testImages, official, archives };
  } catch {
    return undefined;
  }
}

export async function writeManifest(
  folder: string,
  { imageSide, channels }: RecordsInfo,
  prepared: Omit<PreparedDataset, 'folder'>,
): Promise<void> {
  const manifest: Manifest = { formatVersion, imageSide, channels, ...prepared };
  await writeFile(join(folder, manifestFile), `${JSON.stringify(manifest, undefined, 2)}\n`);
}

/**
 * Moves a finished folder to its place in one step. Whoever comes second finds the first one's content, which is the
 * same; a folder that is not whole is replaced.
 */
export async function publish(description: RecordsInfo, finished: string, folder: string): Promise<PreparedDataset> {
  for (;;) {
    try {
      await rename(finished, folder);
    } catch (error) {
      if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
      if (!(await readPrepared(description, folder))) {
        await rm(folder, { recursive: true, force: true, maxRetries: 10 });
        continue;
      }
    }
    const prepared = await readPrepared(description, folder);
    if (prepared) return prepared;
    throw new Error(`${folder} was changed while it was prepared; fetch ${description.name} again`);
  }
}
