import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { basename } from 'node:path/posix';
import { fileURLToPath } from 'node:url';
import type { WantedArchive } from './archive.ts';
import type { DatasetDescription } from './catalog.ts';
import { type DownloadOptions, downloadText } from './download.ts';
import { DatasetError } from './errors.ts';

/**
 * The archives of a data set that a mirror holds, by the mirror's own SHA256SUMS; undefined when it lists none of them.
 *
 * @param mirror folder, `file:` URL or http(s) URL with a file `SHA256SUMS` in the form of sha256sum(1)
 */
export async function mirroredArchives(
  description: DatasetDescription,
  mirror: string,
  options: DownloadOptions,
): Promise<WantedArchive[] | undefined> {
  const locate = locatorOf(mirror);
  const sumsLocation = locate('SHA256SUMS');
  const listed = parseSums(await readText(sumsLocation, options), sumsLocation);
  const candidates = [...listed].filter(([name]) => description.mirrorFiles.test(name));
  if (candidates.length === 0) return undefined;

  return description.archives.map(({ file }) => {
    // A data set of one archive may have another name in a mirror (a subset, say); the official name goes first.
    const match =
      candidates.find(([name]) => basename(name) === file) ??
      candidates.find(([name]) => (description.archives.length === 1 ? true : name.endsWith(file)));
    if (!match) {
      throw new DatasetError(
        'missing',
        `${sumsLocation} lists ${candidates.map(([name]) => name).join(', ')} for ${description.name} but no ${file}; add it to the mirror`,
        { file, expected: file, found: candidates.map(([name]) => name).join(', ') },
      );
    }
    return { file, sha256: match[1], locations: [locate(match[0])] };
  });
}

/** Reads the lines of a SHA256SUMS file into name -> sum. Throws DatasetError `corrupt`. */
export function parseSums(text: string, source: string): Map<string, string> {
  const sums = new Map<string, string>();
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '') continue;
    const match = /^([0-9a-fA-F]{64}) [ *](?:\.\/)?(.+)$/.exec(line);
    const name = match?.[2] ?? '';
    if (!match || name.startsWith('/') || name.split('/').includes('..')) {
      throw new DatasetError(
        'corrupt',
        `${source}, line ${i + 1}: expected "<SHA-256>  <file inside the mirror>", found "${line.slice(0, 200)}"; make it again with sha256sum`,
        { file: source, expected: '<SHA-256>  <file inside the mirror>', found: line.slice(0, 200) },
      );
    }
    sums.set(name, match[1].toLowerCase());
  }
  return sums;
}

export const isHttpUrl = (location: string) => /^https?:\/\//.test(location);

function locatorOf(mirror: string): (name: string) => string {
  if (isHttpUrl(mirror)) {
    const base = mirror.endsWith('/') ? mirror : `${mirror}/`;
    return (name) => new URL(name.split('/').map(encodeURIComponent).join('/'), base).href;
  }
  const folder = mirror.startsWith('file:') ? fileURLToPath(mirror) : mirror;
  return (name) => join(folder, name);
}

async function readText(location: string, options: DownloadOptions): Promise<string> {
  if (isHttpUrl(location)) return downloadText(location, options);
  return readFile(location, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new DatasetError(
      'missing',
      `${location} cannot be read (${cause.code}); a mirror (NSS_DATASET_MIRROR) is a folder or URL that holds the archives and their SHA256SUMS`,
      { file: location, expected: 'SHA256SUMS', found: cause.code, cause },
    );
  });
}
