import { relative, resolve } from 'node:path';
import type { CheckedDatasetSpec } from '@nss/contracts';
import {
  type DatasetProgress,
  datasetNames,
  defaultCacheDir,
  fetchDataset,
  isDatasetName,
  listDatasets,
  type PreparedDataset,
  prepareImageFolder,
} from '@nss/datasets';
import { type Context, UsageError } from '../cli/context.ts';
import { formatBytes, formatCount, formatDuration } from '../terminal/format.ts';
import { bar, liveBlock } from '../terminal/progress.ts';
import { formatTable } from '../terminal/table.ts';

/** `nss dataset list`: what there is, and what of it is on this machine. */
export async function printDatasets({ json }: { readonly json?: boolean }, { terminal, env }: Context): Promise<void> {
  const datasets = await listDatasets({ cacheDir: defaultCacheDir(env) });
  if (json) {
    terminal.printJson(
      datasets.map(
        ({ info: { name, title, classes, trainImages, testImages, homePage, licence, citation }, prepared }) => {
          return { name, title, classes, trainImages, testImages, homePage, licence, citation, cached: prepared };
        },
      ),
    );
    return;
  }
  const lines = formatTable(
    [
      { title: 'data set' },
      { title: 'classes', align: 'right' },
      { title: 'training images', align: 'right' },
      { title: 'test images', align: 'right' },
      { title: 'on this machine' },
    ],
    datasets.map(({ info, prepared }) => [
      info.name,
      String(info.classes),
      formatCount(info.trainImages),
      formatCount(info.testImages),
      prepared.length === 0 ? '-' : prepared.map(describePrepared).join('; '),
    ]),
  );
  for (const line of lines) terminal.print(line);
  if (datasets.every(({ prepared }) => prepared.length === 0)) terminal.note('\nFetch one with: nss dataset get NAME');
}

/** `nss dataset get NAME...` */
export async function getDatasets(
  names: readonly string[],
  { json }: { readonly json?: boolean },
  context: Context,
): Promise<void> {
  const unknown = names.find((name) => !isDatasetName(name));
  if (unknown !== undefined) {
    throw new UsageError(`there is no data set "${unknown}"; use ${datasetNames.join(', ')}`);
  }
  const fetched: PreparedDataset[] = [];
  for (const name of names) {
    const prepared = await prepareDataset({ name }, context);
    fetched.push(prepared);
    if (!json) context.terminal.print(`${name}  ${describePrepared(prepared)}  ${shortPath(prepared.folder, context)}`);
  }
  if (json) context.terminal.printJson(fetched);
}

/** Fetches a data set, or prepares an image folder, where it is not on this machine yet, and shows how far that is. */
export async function prepareDataset(
  dataset: { readonly name: string; readonly folder?: undefined } | CheckedDatasetSpec,
  context: Context,
): Promise<PreparedDataset> {
  const { terminal, env, signal, cwd } = context;
  const mirror = env.NSS_DATASET_MIRROR || undefined;
  const block = liveBlock(terminal);
  const told = new Set<string>();
  const onProgress = (progress: DatasetProgress) => {
    const step = `${progress.step} ${progress.file}`;
    if (!terminal.interactive && !told.has(step)) terminal.note(plainLine(progress));
    told.add(step);
    block.show([progressLine(progress)]);
  };
  try {
    const cacheDir = resolve(cwd, defaultCacheDir(env));
    if (dataset.folder) {
      return await prepareImageFolder(dataset.folder, dataset.imageSize, { cacheDir, onProgress, signal });
    }
    return await fetchDataset(dataset.name, {
      cacheDir,
      mirror: mirror && !/^[a-z]+:\/\//i.test(mirror) ? resolve(cwd, mirror) : mirror,
      onProgress,
      signal,
    });
  } finally {
    block.clear();
  }
}

const verbs = { fetch: 'fetching', unpack: 'unpacking' };

function plainLine({ dataset, step, file, totalBytes }: DatasetProgress): string {
  return `${dataset}: ${verbs[step]} ${file}${totalBytes ? ` (${formatBytes(totalBytes)})` : ''}`;
}

/** `fetching cifar-10-binary.tar.gz  ━━━━╌╌╌╌╌╌╌╌   32 %  11.6 MB/s  ETA 0:10  54.4 MB of 170 MB`; what comes last may be cut. */
export function progressLine({ step, file, bytes, totalBytes, bytesPerSecond }: DatasetProgress): string {
  const parts = [`${verbs[step]} ${file}`];
  if (totalBytes) parts.push(bar(bytes / totalBytes, 12), `${Math.floor((bytes / totalBytes) * 100)} %`.padStart(5));
  if (bytesPerSecond > 0) {
    parts.push(`${formatBytes(bytesPerSecond)}/s`);
    if (totalBytes) parts.push(`ETA ${formatDuration((totalBytes - bytes) / bytesPerSecond)}`);
  }
  if (bytes > 0) parts.push(totalBytes ? `${formatBytes(bytes)} of ${formatBytes(totalBytes)}` : formatBytes(bytes));
  return parts.join('  ');
}

function describePrepared({ trainImages, testImages, official }: PreparedDataset): string {
  const counts = `${formatCount(trainImages)} + ${formatCount(testImages)} images`;
  return official ? counts : `${counts} (from a mirror)`;
}

/** Relative where that is shorter. */
function shortPath(path: string, { cwd }: Context): string {
  const short = relative(cwd, path);
  return short.length < path.length ? short : path;
}
