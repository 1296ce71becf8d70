import { createHash, type Hash } from 'node:crypto';
import { once } from 'node:events';
import { constants } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { get as httpGet, type IncomingMessage } from 'node:http';
import { get as httpsGet } from 'node:https';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { checksumError, hashHandle, type VerifiedArchive, type WantedArchive } from './archive.ts';
import { DatasetError, formatCount } from './errors.ts';

export type DownloadOptions = {
  /** Told the bytes there are, the total when known, and the bytes that an earlier download left. */
  onBytes?: (bytes: number, totalBytes: number | undefined, resumedFrom: number) => void;
  signal?: AbortSignal;
  /** Waits between attempts that brought nothing new; as many as there are retries. */
  retryDelaysMs?: readonly number[];
};

const defaultRetryDelaysMs = [1000, 2000, 4000, 8000];
const idleTimeoutMs = 60_000;
const maxRedirects = 5;

/**
 * Downloads an archive into a part file, going on where an earlier download stopped, and checks its SHA-256 on the way.
 *
 * A part file is only ever written at the place where the bytes belong, never cut, and at the end unlinked while open. So
 * several processes may fill the same one at the same time, and each still reads what it verified.
 *
 * Throws DatasetError `missing`, `truncated`, `corrupt` or `unavailable`, of the last URL tried.
 */
export async function download(
  wanted: WantedArchive,
  partPath: string,
  options: DownloadOptions = {},
): Promise<VerifiedArchive> {
  let failure: unknown;
  for (const url of wanted.locations) {
    try {
      return await downloadFrom(url, wanted, partPath, options);
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!(error instanceof DatasetError)) throw error;
      failure = error;
    }
  }
  throw failure;
}

/** A small text file, for example a list of checksums. Throws DatasetError `missing` or `unavailable`. */
export async function downloadText(url: string, options: DownloadOptions = {}): Promise<string> {
  const delays = options.retryDelaysMs ?? defaultRetryDelaysMs;
  for (let attempt = 0; ; attempt++) {
    try {
      const response = await request(url, {}, options.signal);
      if (response.statusCode !== 200) throw refusal(url, response);
      return await text(response).catch((cause) => {
        throw new Interrupted('the connection broke', { cause });
      });
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error;
      if (attempt >= delays.length) throw error.toDatasetError(url);
      await delay(delays[attempt], undefined, { signal: options.signal });
    }
  }
}

/** An open part file: its first `position` bytes are there and in `hash`. */
type Part = { handle: FileHandle; hash: Hash; position: number };

async function downloadFrom(
  url: string,
  wanted: WantedArchive,
  partPath: string,
  { onBytes, signal, retryDelaysMs = defaultRetryDelaysMs }: DownloadOptions,
): Promise<VerifiedArchive> {
  let part = await openPart(partPath, signal);
  try {
    const left = part.position;
    let [most, attempt] = [part.position, 0];
    for (;;) {
      const found = () => ({ bytes: part.position, sha256: part.hash.copy().digest('hex') });
      const verified = () => part.position > 0 && found().sha256 === wanted.sha256;
      const resumedFrom = part.position;
      try {
        if (!verified()) await pull(url, part, wanted.bytes, (bytes, total) => onBytes?.(bytes, total, left), signal);
        const outcome = found();
        await rm(partPath, { force: true });
        if (verified()) return { file: wanted.file, source: url, ...outcome, handle: part.handle };
        if (resumedFrom === 0) throw checksumError(url, wanted, outcome);
        // What an earlier download left may be to blame: once more from nothing.
        await part.handle.close();
        part = await openPart(partPath, signal);
      } catch (error) {
        if (!(error instanceof Interrupted)) throw error;
        if (part.position > most) [most, attempt] = [part.position, 0];
        if (attempt >= retryDelaysMs.length) throw error.toDatasetError(url);
        await delay(retryDelaysMs[attempt++], undefined, { signal });
      }
    }
  } catch (error) {
    await part.handle.close();
    if (part.position === 0) await rm(partPath, { force: true });
    throw error;
  }
}

async function openPart(path: string, signal: AbortSignal | undefined): Promise<Part> {
  const handle = await open(path, constants.O_RDWR | constants.O_CREAT);
  const { hash, bytes } = await hashHandle(handle, undefined, signal);
  return { handle, hash, position: bytes };
}

/** Appends what is missing to a part. Throws Interrupted when another attempt may help. */
async function pull(
  url: string,
  part: Part,
  knownBytes: number | undefined,
  onBytes: (bytes: number, total: number | undefined) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  let response = await request(url, part.position > 0 ? { range: `bytes=${part.position}-` } : {}, signal);
  if (response.statusCode === 416) {
    // There is nothing after what we hold, and its checksum was wrong.
    response.resume();
    response = await request(url, {}, signal);
  }
  if (response.statusCode === 200) {
    // A server without ranges sends everything again: the same bytes to the same places.
    [part.hash, part.position] = [createHash('sha256'), 0];
  } else if (response.statusCode !== 206) {
    throw refusal(url, response);
  } else if (!response.headers['content-range']?.startsWith(`bytes ${part.position}-`)) {
    response.destroy();
    throw new Interrupted(`asked for bytes from ${part.position}, got "${response.headers['content-range']}"`);
  }

  const length = Number(response.headers['content-length'] ?? Number.NaN);
  const total = Number.isNaN(length) ? knownBytes : part.position + length;
  onBytes(part.position, total);
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      await writeAll(part.handle, chunk, part.position);
      part.hash.update(chunk);
      part.position += chunk.length;
      onBytes(part.position, total);
    }
  } catch (error) {
    signal?.throwIfAborted();
    // Anything but the connection, the disk for example, is not helped by another attempt.
    if (!response.errored) throw error;
    throw new Interrupted('the connection broke', { bytes: part.position, totalBytes: total, cause: error });
  }
  if (total !== undefined && part.position < total) {
    throw new Interrupted('the connection was closed', { bytes: part.position, totalBytes: total });
  }
}

async function writeAll(handle: FileHandle, chunk: Buffer, position: number): Promise<void> {
  for (let done = 0; done < chunk.length; ) {
    done += (await handle.write(chunk, done, chunk.length - done, position + done)).bytesWritten;
  }
}

/** The response to a GET after redirects. node:http and not fetch, which would unzip what a server labels as gzip. */
async function request(url: string, headers: Record<string, string>, signal?: AbortSignal): Promise<IncomingMessage> {
  let target = new URL(url);
  for (let redirects = 0; ; redirects++) {
    const get = target.protocol === 'https:' ? httpsGet : httpGet;
    const outgoing = get(target, {
      headers: { ...headers, 'accept-encoding': 'identity' },
      signal,
      timeout: idleTimeoutMs,
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no data for ${idleTimeoutMs / 1000} s`)));
    const [response] = (await once(outgoing, 'response').catch((cause) => {
      signal?.throwIfAborted();
      const interrupted = new Interrupted(cause.message || cause.code, { cause });
      // A name that does not exist (offline, or a typing error) will not exist a second later.
      throw cause.code === 'ENOTFOUND' ? interrupted.toDatasetError(url) : interrupted;
    })) as [IncomingMessage];
    // From here on trouble is seen where the body is read.
    outgoing.on('error', () => {});
    const { location } = response.headers;
    if (!location || ![301, 302, 303, 307, 308].includes(response.statusCode ?? 0)) return response;
    response.resume();
    if (redirects === maxRedirects) throw new Interrupted(`more than ${maxRedirects} redirects`);
    target = new URL(location, target);
  }
}

/** An answer that is no content: final, unless the server says that it is a matter of time. */
function refusal(url: string, response: IncomingMessage): Error {
  response.destroy();
  const status = response.statusCode ?? 0;
  const said = `HTTP ${status} ${response.statusMessage}`;
  if (status >= 500 || status === 408 || status === 429) return new Interrupted(said);
  return new DatasetError(
    'missing',
    `${url} is not there (${said}); check the address, or use a mirror (NSS_DATASET_MIRROR)`,
    {
      file: url,
      expected: 'HTTP 200',
      found: said,
    },
  );
}

/** A request or its body failed in a way that another attempt may mend; what was received is kept. */
class Interrupted extends Error {
  readonly bytes?: number;
  readonly totalBytes?: number;

  constructor(message: string, details: { bytes?: number; totalBytes?: number; cause?: unknown } = {}) {
    super(message, { cause: details.cause });
    this.bytes = details.bytes;
    this.totalBytes = details.totalBytes;
  }

  toDatasetError(url: string): DatasetError {
    const remedy = 'try again (what was downloaded is kept), or use a mirror (NSS_DATASET_MIRROR)';
    if (this.bytes === undefined || this.totalBytes === undefined) {
      const message = `${url} could not be downloaded: ${this.message}; ${remedy}`;
      return new DatasetError('unavailable', message, { file: url, found: this.message, cause: this.cause });
    }
    const expected = `${formatCount(this.totalBytes)} bytes`;
    const found = `${formatCount(this.bytes)} bytes`;
    const message = `${url} ended too early: expected ${expected}, found ${found}; ${remedy}`;
    return new DatasetError('truncated', message, { file: url, expected, found, cause: this.cause });
  }
}
