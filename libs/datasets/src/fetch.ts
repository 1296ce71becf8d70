import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type VerifiedArchive, verifyFile, type WantedArchive } from './archive.ts';
import { contentFolder, datasetFolder, type PreparedDataset, publish, readPrepared, writeManifest } from './cache.ts';
import { type DatasetDescription, describeDataset } from './catalog.ts';
import { debianArchives, type RunCommand, runCommand } from './debian.ts';
import { download } from './download.ts';
import { DatasetError } from './errors.ts';
import { isHttpUrl, mirroredArchives } from './mirror.ts';
import { type OnProgress, progressMeter } from './progress.ts';
import { unpackRecords } from './records.ts';

export type FetchOptions = {
  /** Root of the cache; see `defaultCacheDir`. */
  cacheDir: string;
  /** `NSS_DATASET_MIRROR`: a folder or URL of archives with a SHA256SUMS, which then counts instead of the official sums. */
  mirror?: string;
  onProgress?: OnProgress;
  signal?: AbortSignal;
};

/**
 * Makes sure that a data set is in the cache and whole, and returns where. Does nothing but look when it is there already;
 * any number of processes may call it at the same time.
 *
 * Sources, in this order: the mirror, if it lists the data set; Debian's package, where there is one; the public home.
 * Throws DatasetError.
 */
export async function fetchDataset(name: string, options: FetchOptions): Promise<PreparedDataset> {
  return prepareDataset(describeDataset(name), options);
}

/** What a test replaces: commands, and waiting. */
export type World = { run?: RunCommand; retryDelaysMs?: readonly number[] };

/** `fetchDataset` for any description. */
export async function prepareDataset(
  description: DatasetDescription,
  options: FetchOptions,
  world: World = {},
): Promise<PreparedDataset> {
  const { cacheDir, mirror, onProgress, signal } = options;
  const official = description.archives.map(({ urls, ...archive }) => ({ ...archive, locations: urls }));
  const retry = { signal, retryDelaysMs: world.retryDelaysMs };
  const mirrored = mirror ? await mirroredArchives(description, mirror, retry) : undefined;
  const folder = contentFolder(cacheDir, description.name, mirrored ?? official);
  const present = await readPrepared(description, folder);
  if (present) return present;

  await mkdir(datasetFolder(cacheDir, description.name), { recursive: true });
  const work = await mkdtemp(join(datasetFolder(cacheDir, description.name), '.preparing-'));
  let archives: VerifiedArchive[] = [];
  try {
    archives = mirrored
      ? await obtainAll(description, mirrored, options, world)
      : await obtainOfficial(description, official, await subfolder(work, 'debian'), options, world);
    const finished = await subfolder(work, 'finished');
    const progress = { onProgress, signal };
    const counts = await unpackRecords(description, archives, finished, await subfolder(work, 'scratch'), progress);
    await writeManifest(finished, description, {
      name: description.name,
      trainImages: counts.train,
      testImages: counts.test,
      official: folder === contentFolder(cacheDir, description.name, official),
      archives: archives.map(({ file, source, bytes, sha256 }) => ({ file, source, bytes, sha256 })),
    });
    return await publish(description, finished, folder);
  } finally {
    await Promise.all(archives.map(({ handle }) => handle.close()));
    // An unpacking that failed may still be writing its last file.
    await rm(work, { recursive: true, force: true, maxRetries: 10 });
  }
}

async function subfolder(folder: string, name: string): Promise<string> {
  await mkdir(join(folder, name));
  return join(folder, name);
}

/** Debian's package where there is one, else the public home. */
async function obtainOfficial(
  description: DatasetDescription,
  official: readonly WantedArchive[],
  debianFolder: string,
  options: FetchOptions,
  world: World,
): Promise<VerifiedArchive[]> {
  const { debian, archives, name } = description;
  if (!debian) return obtainAll(description, official, options, world);
  try {
    options.onProgress?.({ dataset: name, step: 'fetch', file: debian.package, bytes: 0, bytesPerSecond: 0 });
    return await debianArchives(debian, archives, debianFolder, world.run ?? runCommand, options.signal);
  } catch (debianFailure) {
    if (!(debianFailure instanceof DatasetError)) throw debianFailure;
    return obtainAll(description, official, options, world).catch((failure) => {
      if (!(failure instanceof DatasetError)) throw failure;
      const message = `${name} could not be fetched. ${debianFailure.message}. ${failure.message}`;
      const { code, file, expected, found } = failure;
      throw new DatasetError(code, message, { file, expected, found, cause: failure });
    });
  }
}

async function obtainAll(
  description: DatasetDescription,
  wanted: readonly WantedArchive[],
  options: FetchOptions,
  world: World,
): Promise<VerifiedArchive[]> {
  const archives: VerifiedArchive[] = [];
  try {
    for (const archive of wanted) archives.push(await obtain(description, archive, options, world));
    return archives;
  } catch (error) {
    await Promise.all(archives.map(({ handle }) => handle.close()));
    throw error;
  }
}

async function obtain(
  { name }: DatasetDescription,
  wanted: WantedArchive,
  { cacheDir, onProgress, signal }: FetchOptions,
  { retryDelaysMs }: World,
): Promise<VerifiedArchive> {
  let report: ((bytes: number) => void) | undefined;
  const onBytes = (bytes: number, totalBytes: number | undefined, resumedFrom = 0) => {
    report ??= progressMeter(onProgress, { dataset: name, step: 'fetch', file: wanted.file, totalBytes }, resumedFrom);
    report(bytes);
  };
  if (!isHttpUrl(wanted.locations[0])) return verifyFile(wanted.locations[0], wanted, onBytes, signal);
  const partPath = join(datasetFolder(cacheDir, name), `${wanted.sha256.slice(0, 16)}-${wanted.file}.part`);
  return download(wanted, partPath, { onBytes, signal, retryDelaysMs });
}
