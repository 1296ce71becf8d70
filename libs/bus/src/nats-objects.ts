import { createHash } from 'node:crypto';
import { type ObjectInfo, Objm } from '@nats-io/obj';
import type { Bus } from './connection.ts';
import { BusUnavailable, isTransient, ObjectDamaged } from './errors.ts';
import { nextMessage } from './next-message.ts';
import type { Objects, StoredObject } from './objects.ts';
import { createdWithPatience, withPatience } from './retry.ts';

/** Larger chunks are not faster; 1 MiB is the largest message a server takes by default. */
const CHUNK_BYTES = 256 * 1024;

/** A bucket in JetStream's object store; created if needed. Objects are files on the servers, each in chunks. */
export async function openNatsObjects(bus: Bus, bucket: string): Promise<Objects> {
  const objects = await createdWithPatience(bus, `open the bucket ${bucket}`, () =>
    new Objm(bus.js).create(bucket, { replicas: bus.replicas }),
  );
  const meta = (name: string) => ({ name, options: { max_chunk_size: CHUNK_BYTES } });
  const where = (name: string) => `${name} in ${bucket}`;
  const infoOf = async (name: string) => {
    const info = await withPatience(bus, `look for ${where(name)}`, () => objects.info(name));
    return info === null || info.deleted ? undefined : info;
  };
  const sweep = sweeper(bus, bucket, async () => {
    const infos = await withPatience(bus, `list ${bucket}`, () => objects.list());
    return new Set(infos.map(({ nuid }) => nuid));
  });

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
      const found = await infoOf(name);
      if (!found) return undefined;
      const content = new Uint8Array(found.size);
      let at = 0;
      for await (const chunk of chunksOf(bus, found, infoOf)) {
        content.set(chunk, at);
        at += chunk.length;
      }
      return content;
    },
    getStream: async (name) => {
      const found = await infoOf(name);
      return found && chunksOf(bus, found, infoOf);
    },
    info: async (name) => {
      const found = await infoOf(name);
      return found && stored(found);
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
    sweep,
  };
}

/**
 * The chunks of an object, read one by one: the library's way waits for ever for a chunk that the server has lost, and for one
 * that was under way when the server died.
 */
async function* chunksOf(
  bus: Bus,
  { bucket, name, nuid, size, digest }: ObjectInfo,
  infoOf: (name: string) => Promise<ObjectInfo | undefined>,
): AsyncGenerator<Uint8Array> {
  const where = `${name} in ${bucket}`;
  const hash = createHash('sha256');
  let bytes = 0;
  for (let seq = 1; bytes < size; ) {
    const chunk = await withPatience(bus, `read ${where}`, () =>
      nextMessage(bus, streamOf(bucket), chunkSubject(bucket, nuid), seq),
    );
    if (chunk === null) {
      if ((await infoOf(name))?.nuid !== nuid) throw new BusUnavailable(`${where} was replaced while it was read`);
      throw new ObjectDamaged(where, `${size - bytes} of its ${size} bytes are gone`);
    }
    hash.update(chunk.data);
    bytes += chunk.data.length;
    seq = chunk.seq + 1;
    yield plain(chunk.data);
  }
  const found = `SHA-256=${hash.digest('base64url')}`;
  if (found !== digest.replace(/=+$/, '')) throw new ObjectDamaged(where, `expected ${digest}, found ${found}`);
}

/**
 * Deletes what uploads that died have left. Chunks that no object names belong to an upload that goes on or to one that
 * died: to the latter if there are not more of them than at the call before.
 */
function sweeper(bus: Bus, bucket: string, named: () => Promise<ReadonlySet<string>>): () => Promise<number> {
  let before: ReadonlyMap<string, number> = new Map();
  return async () => {
    const filter = chunkSubject(bucket, '*');
    const { state } = await withPatience(bus, `look into ${bucket}`, () =>
      bus.jsm.streams.info(streamOf(bucket), { subjects_filter: filter }),
    );
    // Asked after the chunks: an upload that has ended meanwhile is named by now.
    const used = await named();
    const unnamed = Object.entries(state.subjects ?? {}).filter(([subject]) => !used.has(subject.split('.')[3]));
    const dead = unnamed.filter(([subject, chunks]) => before.get(subject) === chunks);
    before = new Map(unnamed);
    for (const [subject] of dead) {
      await withPatience(bus, `sweep ${bucket}`, () => bus.jsm.streams.purge(streamOf(bucket), { filter: subject }));
    }
    return dead.length;
  };
}

/* How the object store lays its objects out in a stream (NATS ADR-20). */
const streamOf = (bucket: string) => `OBJ_${bucket}`;
const chunkSubject = (bucket: string, nuid: string) => `$O.${bucket}.C.${nuid}`;

/** The client gives Buffers, whose `slice` shares memory where that of a Uint8Array copies. */
function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function stored({ name, size, digest }: ObjectInfo): StoredObject {
  return { name, bytes: size, digest };
}
