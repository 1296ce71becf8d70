import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** SHA-256 of a file, in hexadecimal. */
export async function sha256OfFile(path) {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}

/**
 * Downloads a file and checks it.
 *
 * @throws {Error} when the address cannot be reached or the file is not the expected one
 */
export async function download(url, path, sha256) {
  let response;
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(10 * 60_000) });
  } catch (error) {
    throw new Error(`${url} cannot be reached (${error.cause?.code ?? error.message})`);
  }
  if (!response.ok) throw new Error(`${url} answered ${response.status} ${response.statusText}`);
  await pipeline(Readable.fromWeb(response.body), createWriteStream(path));
  await checkSha256(path, sha256, url);
}

/** @throws {Error} when the file does not have the SHA-256; `origin` says where it came from */
export async function checkSha256(path, expected, origin) {
  const found = await sha256OfFile(path);
  if (found !== expected)
    throw new Error(`${origin} is not the expected file: SHA-256 ${expected} expected, ${found} found`);
}
