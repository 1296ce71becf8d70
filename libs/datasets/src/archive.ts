import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { DatasetError, formatCount } from './errors.ts';

/** An archive to get: one of several places, and what makes it the right one. */
export type WantedArchive = {
  /** Its role in the data set, a name of the official release. */
  file: string;
  /** Paths, or http(s) URLs. */
  locations: readonly string[];
  sha256: string;
  /** Length, when known beforehand. */
  bytes?: number;
};

/** An open archive whose checksum was right. Whoever gets it closes `handle`. */
export type VerifiedArchive = {
  file: string;
  /** Path or URL it came from. */
  source: string;
  bytes: number;
  sha256: string;
  handle: FileHandle;
};

const chunkBytes = 1 << 20;

/** The bytes of an archive from the start; nothing is read before somebody reads, and the handle stays open. */
export function streamOf(
  archive: VerifiedArchive,
  onBytes: (bytes: number) => void = () => {},
  signal?: AbortSignal,
): Readable {
  // FileHandle's own streams take part in closing the handle, and close() then waits for streams that were given up.
  return Readable.from(chunksOf(archive.handle, archive.bytes, onBytes, signal), { objectMode: false });
}

/** Opens a file and computes its SHA-256. Throws DatasetError `missing`, `truncated` or `corrupt`. */
export async function verifyFile(
  path: string,
  wanted: Pick<WantedArchive, 'file' | 'sha256' | 'bytes'>,
  onBytes: (bytes: number, totalBytes: number) => void = () => {},
  signal?: AbortSignal,
): Promise<VerifiedArchive> {
  const handle = await open(path).catch((cause: NodeJS.ErrnoException) => {
    throw new DatasetError(
      'missing',
      `${path} cannot be read (${cause.code}); put ${wanted.file} there, or use another source`,
      {
        file: path,
        expected: wanted.file,
        found: cause.code,
        cause,
      },
    );
  });
  try {
    const { size } = await handle.stat();
    const { hash, bytes } = await hashHandle(handle, (done) => onBytes(done, size), signal);
    const found = { bytes, sha256: hash.digest('hex') };
    if (found.sha256 !== wanted.sha256) throw checksumError(path, wanted, found);
    return { file: wanted.file, source: path, ...found, handle };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** The running SHA-256 of what an open file holds, and its length. */
export async function hashHandle(
  handle: FileHandle,
  onBytes: (bytes: number) => void = () => {},
  signal?: AbortSignal,
) {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of chunksOf(handle, Number.MAX_SAFE_INTEGER, onBytes, signal)) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { hash, bytes };
}

async function* chunksOf(
  handle: FileHandle,
  end: number,
  onBytes: (bytes: number) => void,
  signal: AbortSignal | undefined,
) {
  for (let position = 0; position < end; ) {
    signal?.throwIfAborted();
    const chunk = Buffer.allocUnsafe(Math.min(chunkBytes, end - position));
    const { bytesRead } = await handle.read(chunk, 0, chunk.length, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    onBytes(position);
    yield chunk.subarray(0, bytesRead);
  }
}

/** An archive that is not the one wanted: says which, what was expected, what was found, what to do. */
export function checksumError(
  source: string,
  wanted: Pick<WantedArchive, 'sha256' | 'bytes'>,
  found: { bytes: number; sha256: string },
): DatasetError {
  const short = wanted.bytes !== undefined && found.bytes < wanted.bytes;
  const expected = `${wanted.bytes === undefined ? '' : `${formatCount(wanted.bytes)} bytes with `}SHA-256 ${wanted.sha256}`;
  const actual = `${formatCount(found.bytes)} bytes with SHA-256 ${found.sha256}`;
  return new DatasetError(
    short ? 'truncated' : 'corrupt',
    `${source} is ${short ? 'truncated' : 'not the expected file'}: expected ${expected}, found ${actual}; replace it with a good copy and fetch again`,
    { file: source, expected, found: actual },
  );
}
