import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract, type ReadEntry } from 'tar';
import type { VerifiedArchive } from './archive.ts';
import { DatasetError, formatCount } from './errors.ts';

/* Archives are opened here and nowhere else. A right checksum says where one comes from, not that it does no harm: a mirror's is anybody's. */

export type Extraction = {
  /** Files to extract; nothing else is, whatever the archive holds. */
  readonly names: readonly string[];
  /** Of all that it holds. */
  readonly mostBytes: number;
  /** To this folder. */
  readonly folder: string;
};

/** Extracts plain files of a tar.gz. Throws DatasetError `corrupt` when it is none, or holds more than `mostBytes`. */
export async function extractFiles(
  archive: VerifiedArchive,
  source: Readable,
  { names, mostBytes, folder }: Extraction,
): Promise<void> {
  const expected = new Set(names);
  let bytes = 0;
  /** What is left of an archive that holds too much is not read. */
  const isTooMuch = ({ size = 0 }: { size?: number }): boolean => {
    bytes += size;
    if (bytes > mostBytes) source.destroy(tooLong(archive, mostBytes));
    return bytes > mostBytes;
  };
  const unpack = extract({
    cwd: folder,
    strict: true,
    preserveOwner: false,
    noMtime: true,
    filter: (path, entry) => {
      const { type } = entry as ReadEntry;
      return expected.has(path.replace(/^\.\//, '')) && type === 'File' && !isTooMuch(entry);
    },
  }).on('ignoredEntry', isTooMuch);
  await new Promise<void>((resolve, reject) => {
    source.on('error', reject);
    unpack.on('error', reject).on('close', resolve);
    source.pipe(unpack as unknown as NodeJS.WritableStream);
  }).catch((cause) => {
    throw unreadable(archive, cause);
  });
}

/**
 * What a gzipped file holds. Throws DatasetError `corrupt` when that is no gzip or more than `mostBytes`, of which no more is in memory: a file
 * of a megabyte may unpack to a gigabyte.
 */
export async function gunzipped(archive: VerifiedArchive, source: Readable, mostBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  await pipeline(source, createGunzip(), async (unzipped: AsyncIterable<Buffer>) => {
    for await (const chunk of unzipped) {
      bytes += chunk.length;
      if (bytes > mostBytes) throw tooLong(archive, mostBytes);
      chunks.push(chunk);
    }
  }).catch((cause) => {
    throw unreadable(archive, cause);
  });
  return Buffer.concat(chunks);
}

function tooLong({ source, file }: VerifiedArchive, mostBytes: number): DatasetError {
  const expected = `at most ${formatCount(mostBytes)} bytes unpacked`;
  const message = `${source} holds more than ${file} can: expected ${expected}; replace it`;
  return new DatasetError('corrupt', message, { file: source, expected, found: 'more' });
}

function unreadable(archive: VerifiedArchive, cause: Error): Error {
  if (cause.name === 'AbortError' || cause instanceof DatasetError) return cause;
  return new DatasetError(
    'corrupt',
    `${archive.source} has the expected checksum but cannot be unpacked (${cause.message}); make the archive and its checksum again`,
    { file: archive.source, expected: 'a whole gzip archive', found: cause.message, cause },
  );
}
