import { type ObjectInfo, Objm } from '@nats-io/obj';
import type { Bus } from './connection.ts';
import { BusUnavailable, isTransient } from './errors.ts';
import { withPatience } from './retry.ts';

/** An object in a bucket. */
export type StoredObject = {
  /** May contain `/`. */
  readonly name: string;
  readonly bytes: number;
  /** `SHA-256=<base64url>` of the content. */
  readonly digest: string;
};

/**
 * A bucket of large objects, in files on the server, each stored in chunks; the digest is checked on every read. An object
 * appears whole or not at all, and replaces the one of its name. All operations throw BusUnavailable.
 */
export type Objects = {
  put(name: string, content: Uint8Array): Promise<StoredObject>;
  /** From a stream, never whole in memory. An error of the stream is thrown, and nothing is stored. */
  putStream(name: string, content: AsyncIterable<Uint8Array>): Promise<StoredObject>;
  get(name: string): Promise<Uint8Array | undefined>;
  /** In chunks as they were stored. Throws at the end if the digest does not match. */
  getStream(name: string): Promise<AsyncIterable<Uint8Array> | undefined>;
  info(name: string): Promise<StoredObject | undefined>;
  /** False if there was none. */
  delete(name: string): Promise<boolean>;
  /** Objects whose names begin with `prefix`, by name. */
  list(prefix?: string): Promise<StoredObject[]>;
};

/** Weights of super networks. */
export const CHECKPOINTS = 'nss-checkpoints';
/** Files that jobs leave, `<collection>/<id>/<file>`. */
export const ARTIFACTS = 'nss-artifacts';

/** Larger chunks are not faster; 1 MiB is the largest message a server takes by default. */
const CHUNK_BYTES = 256 * 1024;

/** Opens a bucket of objects, and creates it if needed. */
export async function openObjects(bus: Bus, bucket: string): Promise<Objects> {
  const objects = await withPatience(bus, `open the bucket ${bucket}`, () =>
    new Objm(bus.js).create(bucket, { replicas: bus.replicas }),
  );
  const meta = (name: string) => ({ name, options: { max_chunk_size: CHUNK_BYTES } });
  const where = (name: string) => `${name} in ${bucket}`;

  return {
    put: async (name, content) =>
      stored(await withPatience(bus, `store ${where(name)}`, () => objects.putBlob(meta(name), content))),
    putStream: async (name, content) => {
      try {
        return stored(await objects.put(meta(name), ReadableStream.from(content)));
      } catch (error) {
        // A stream cannot be read again.
        if (isTransient(error)) throw new BusUnavailable(`cannot store ${where(name)}`, { cause: error });
        throw error;
      }
    },
    get: async (name) => {
      const content = await withPatience(bus, `read ${where(name)}`, () => objects.getBlob(name));
      return content === null ? undefined : plain(content);
    },
    getStream: async (name) => (await withPatience(bus, `read ${where(name)}`, () => objects.get(name)))?.data,
    info: async (name) => {
      const info = await withPatience(bus, `look for ${where(name)}`, () => objects.info(name));
      return info === null || info.deleted ? undefined : stored(info);
    },
    delete: (name) =>
      withPatience(bus, `delete ${where(name)}`, async () => {
        const info = await objects.info(name);
        if (info === null || info.deleted) return false;
        await objects.delete(name);
        return true;
      }),
    list: async (prefix = '') => {
      const infos = await withPatience(bus, `list ${bucket}`, () => objects.list());
      return infos
        .filter(({ name }) => name.startsWith(prefix))
        .map(stored)
        .sort((a, b) => (a.name < b.name ? -1 : 1));
    },
  };
}

/** The client gives Buffers, whose `slice` shares memory where that of a Uint8Array copies. */
function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function stored({ name, size, digest }: ObjectInfo): StoredObject {
  return { name, bytes: size, digest };
}
