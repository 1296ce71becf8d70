import { createHash, randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { Upload } from '@aws-sdk/lib-storage';
import { BusUnavailable, ObjectDamaged } from './errors.ts';
import type { Objects, StoredObject } from './objects.ts';
import {
  bodyOf,
  failure,
  getText,
  isTransientS3,
  keysOf,
  openBucket,
  putText,
  remove,
  type S3Bucket,
  S3Missing,
  type S3Settings,
} from './s3-calls.ts';

/*
 * Objects in S3, or in what speaks its language. The content lies under a key that is written once, `<bucket>/data/<random>`; an entry,
 * `<bucket>/names/<name>`, says which key it is, how long and with which digest. So an object appears, and is replaced, with one small
 * write, whole or not at all, as in JetStream's object store.
 */

type Entry = { readonly key: string; readonly bytes: number; readonly digest: string };

/** An upload holds this many parts of this size in memory. S3 takes 10,000 parts: 80 GB. */
const PARTS_AT_ONCE = 2;
const PART_BYTES = 8 * 1024 * 1024;
const ENTRIES_AT_ONCE = 16;
/** How often in a row reading goes on after the connection broke. */
const MOST_BREAKS = 5;

/** A bucket of objects in the bucket in S3 that `settings` name. Throws when that cannot be used. */
export async function openS3Objects(settings: S3Settings, bucket: string): Promise<Objects> {
  const store = await openBucket(settings);
  const entries = openEntries(store, `${bucket}/names/`);
  const data = `${bucket}/data/`;
  const where = (name: string) => `${name} in ${bucket}`;
  const chunksOf = (name: string, entry: Entry) => read(store, where(name), entry, () => entries.get(name));

  const putStream = async (name: string, content: AsyncIterable<Uint8Array>): Promise<StoredObject> => {
    const entry = await upload(store, `${data}${randomUUID()}`, where(name), content);
    const replaced = await entries.get(name);
    await entries.set(name, entry);
    if (replaced) await remove(store, replaced.key);
    return stored(name, entry);
  };
  return {
    put: (name, content) => putStream(name, Readable.from([content])),
    putStream,
    async get(name) {
      const entry = await entries.get(name);
      return entry && new Uint8Array(Buffer.concat(await Array.fromAsync(chunksOf(name, entry))));
    },
    async getStream(name) {
      const entry = await entries.get(name);
      return entry && chunksOf(name, entry);
    },
    async info(name) {
      const entry = await entries.get(name);
      return entry && stored(name, entry);
    },
    async delete(name) {
      const entry = await entries.get(name);
      if (!entry) return false;
      await entries.delete(name);
      await remove(store, entry.key);
      return true;
    },
    async list(prefix = '') {
      const found = await entries.list(prefix);
      return [...found].map(([name, entry]) => stored(name, entry)).sort((a, b) => (a.name < b.name ? -1 : 1));
    },
    sweep: sweeper(store, data, entries),
  };
}

/** Stores content under a key of its own. */
async function upload(
  { client, Bucket }: S3Bucket,
  key: string,
  where: string,
  content: AsyncIterable<Uint8Array>,
): Promise<Entry> {
  const hash = createHash('sha256');
  let bytes = 0;
  let broken: { readonly error: unknown } | undefined;
  async function* measured() {
    try {
      for await (const chunk of content) {
        hash.update(chunk);
        bytes += chunk.length;
        yield chunk;
      }
    } catch (error) {
      broken = { error };
      throw error;
    }
  }
  const params = { Bucket, Key: key, Body: Readable.from(measured()) };
  try {
    await new Upload({ client, params, partSize: PART_BYTES, queueSize: PARTS_AT_ONCE }).done();
  } catch (error) {
    // A stream cannot be read again.
    throw broken ? broken.error : failure(`store ${where}`, error);
  }
  return { key, bytes, digest: `SHA-256=${hash.digest('base64url')}` };
}

/** Goes on where it was when the connection breaks. */
async function* read(
  store: S3Bucket,
  where: string,
  { key, bytes: size, digest }: Entry,
  current: () => Promise<Entry | undefined>,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  let bytes = 0;
  for (let breaks = 0; bytes < size; breaks++) {
    try {
      for await (const chunk of await bodyOf(store, key, bytes)) {
        hash.update(chunk);
        bytes += chunk.length;
        breaks = 0;
        yield chunk;
      }
    } catch (error) {
      if (error instanceof S3Missing) {
        if ((await current())?.key !== key) throw new BusUnavailable(`${where} was replaced while it was read`);
        throw new ObjectDamaged(where, `${size - bytes} of its ${size} bytes are gone`);
      }
      if (!isTransientS3(error) || breaks >= MOST_BREAKS) throw failure(`read ${where}`, error);
    }
  }
  const found = `SHA-256=${hash.digest('base64url')}`;
  if (found !== digest) throw new ObjectDamaged(where, `expected ${digest}, found ${found}`);
}

type Entries = ReturnType<typeof openEntries>;

/** The entries under a prefix. Those that were read stay known as long as they do not change. */
function openEntries(store: S3Bucket, prefix: string) {
  const known = new Map<string, { readonly tag: string; readonly entry: Entry }>();
  const get = async (name: string): Promise<Entry | undefined> => {
    const text = await getText(store, `${prefix}${name}`);
    return text === undefined ? undefined : JSON.parse(text);
  };
  return {
    get,
    set: (name: string, entry: Entry) => putText(store, `${prefix}${name}`, JSON.stringify(entry)),
    delete: (name: string) => remove(store, `${prefix}${name}`),
    async list(begin: string): Promise<Map<string, Entry>> {
      const keys = await keysOf(store, `${prefix}${begin}`);
      const found = new Map<string, Entry>();
      const lookUp = async ({ key, tag }: { key: string; tag: string }) => {
        const name = key.slice(prefix.length);
        const last = known.get(name);
        const entry = last?.tag === tag ? last.entry : await get(name);
        // Deleted since.
        if (!entry) return known.delete(name);
        known.set(name, { tag, entry });
        found.set(name, entry);
      };
      for (let i = 0; i < keys.length; i += ENTRIES_AT_ONCE) {
        await Promise.all(keys.slice(i, i + ENTRIES_AT_ONCE).map(lookUp));
      }
      return found;
    },
  };
}

/**
 * Deletes content that no entry names and that was there at the call before: whoever stored it died before it could write the entry. Parts
 * of uploads that did not even come so far are not seen here; the bucket's own rule for incomplete uploads deletes them.
 */
function sweeper(store: S3Bucket, data: string, entries: Entries): () => Promise<number> {
  let before: ReadonlySet<string> = new Set();
  return async () => {
    const keys = await keysOf(store, data);
    // Asked after the keys: content whose entry was written meanwhile is named by now.
    const named = new Set([...(await entries.list('')).values()].map(({ key }) => key));
    const unnamed = keys.map(({ key }) => key).filter((key) => !named.has(key));
    const dead = unnamed.filter((key) => before.has(key));
    before = new Set(unnamed);
    for (const key of dead) await remove(store, key);
    return dead.length;
  };
}

const stored = (name: string, { bytes, digest }: Entry): StoredObject => ({ name, bytes, digest });
