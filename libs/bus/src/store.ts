import type { PushConsumer } from '@nats-io/jetstream';
import { type KV, type KvEntry, Kvm, type KvWatchEntry, KvWatchInclude } from '@nats-io/kv';
import type { QueuedIterator } from '@nats-io/transport-node';
import type { Bus } from './connection.ts';
import { BusUnavailable, isRevisionConflict, RevisionConflict } from './errors.ts';
import { createdWithPatience, withPatience } from './retry.ts';

/** How values are written: every generated protobuf message fits. */
export type Codec<T> = {
  encode(value: T): { finish(): Uint8Array };
  decode(bytes: Uint8Array): T;
};

export type Entry<T> = {
  readonly key: string;
  readonly value: T;
  /** Grows with every change in the bucket. */
  readonly revision: number;
};

/** A change of a key; `value` is undefined when it was deleted. */
export type Change<T> = { readonly key: string; readonly value: T | undefined; readonly revision: number };

/** That a key has changed; not to what. */
export type KeyChange = { readonly key: string; readonly deleted: boolean; readonly revision: number };

/**
 * A bucket of values by key, in files on the server. Reads see every write that was acknowledged before. All operations throw
 * BusUnavailable when NATS does not come back in time.
 */
export type Store<T> = {
  get(key: string): Promise<Entry<T> | undefined>;
  /** The entries of these keys that are there and can be read, in this order; those that cannot be read are logged. */
  getAll(keys: readonly string[]): Promise<Entry<T>[]>;
  /**
   * All entries that can be read, each once and in no particular order; others are logged. An entry that is changed meanwhile may be missing. Reads the
   * whole bucket.
   */
  list(): Promise<Entry<T>[]>;
  /** Revision of the last change of any key; 0 before the first. */
  lastRevision(): Promise<number>;
  /** Gives the new revision. Throws RevisionConflict if there is a value. */
  create(key: string, value: T): Promise<number>;
  /** Writes whatever is there, and gives the new revision. */
  put(key: string, value: T): Promise<number>;
  /** Gives the new revision. Throws RevisionConflict if the value's revision is not this one. */
  update(key: string, value: T, revision: number): Promise<number>;
  /** Deletes the value and its history. Throws RevisionConflict if a revision is given and is not the value's. */
  delete(key: string, revision?: number): Promise<void>;
  /**
   * Changes of one key, or of all that a pattern (`a.*.b`) fits, from a revision on, in order, those of the past as far back as
   * history is kept. Returns when `signal` is aborted, throws BusUnavailable when the connection is closed.
   */
  watch(key: string, fromRevision: number, signal: AbortSignal): AsyncGenerator<Change<T>, void, undefined>;
  /** The same of all keys, without the values. */
  watchKeys(fromRevision: number, signal: AbortSignal): AsyncGenerator<KeyChange, void, undefined>;
};

/** Opens a bucket, and creates it if needed. `history` is the number of past values a key that are kept, at most 64. */
export async function openStore<T>(
  bus: Bus,
  bucket: string,
  codec: Codec<T>,
  { history = 1 }: { history?: number } = {},
): Promise<Store<T>> {
  const kv = await createdWithPatience(bus, `open the bucket ${bucket}`, () =>
    // Direct reads may be answered by a replica that is behind: off, because compare-and-swap and fencing read before they write.
    new Kvm(bus.js).create(bucket, { history, replicas: bus.replicas, allow_direct: false }),
  );
  const encode = (value: T) => codec.encode(value).finish();
  const where = (key: string) => `${key} in ${bucket}`;
  const find = async (key: string) => {
    const entry = await withPatience(bus, `read ${where(key)}`, () => kv.get(key));
    return entry === null || isDeleted(entry) ? undefined : entry;
  };
  const decoded = ({ key, value, revision }: KvEntry): Entry<T> => ({ key, value: codec.decode(value), revision });
  const readable = (entries: readonly KvEntry[]): Entry<T>[] =>
    entries.flatMap((entry) => {
      try {
        return [decoded(entry)];
      } catch (error) {
        // One value that cannot be read must not hide all others.
        bus.logger.error({ error, bucket, key: entry.key }, 'a value cannot be read; it is left out');
        return [];
      }
    });

  return {
    get: async (key) => {
      const entry = await find(key);
      return entry && decoded(entry);
    },
    getAll: async (keys) => {
      const entries = await Promise.all(keys.map(find));
      return readable(entries.filter((entry) => entry !== undefined));
    },
    list: async () => readable(await withPatience(bus, `list ${bucket}`, () => lastValues(kv))),
    lastRevision: async () => {
      const { state } = await withPatience(bus, `look at ${bucket}`, () => bus.jsm.streams.info(`KV_${bucket}`));
      return state.last_seq;
    },
    create: (key, value) => write(bus, `create ${where(key)}`, () => kv.create(key, encode(value))),
    put: (key, value) => write(bus, `write ${where(key)}`, () => kv.put(key, encode(value))),
    update: (key, value, revision) =>
      write(bus, `change ${where(key)}`, () => kv.put(key, encode(value), { previousSeq: revision })),
    delete: (key, revision) =>
      write(bus, `delete ${where(key)}`, () =>
        kv.purge(key, revision === undefined ? undefined : { previousSeq: revision }),
      ),
    watch: async function* (key, fromRevision, signal) {
      for await (const entry of watch(bus, kv, { key, fromRevision }, signal)) {
        const value = isDeleted(entry) ? undefined : codec.decode(entry.value);
        yield { key: entry.key, value, revision: entry.revision };
      }
    },
    watchKeys: async function* (fromRevision, signal) {
      for await (const entry of watch(bus, kv, { key: '>', fromRevision, headersOnly: true }, signal)) {
        yield { key: entry.key, deleted: isDeleted(entry), revision: entry.revision };
      }
    },
  };
}

/** Strings as they are, for stores of JSON or names. */
export const TEXT: Codec<string> = {
  encode: (value) => ({ finish: () => new TextEncoder().encode(value) }),
  decode: (bytes) => new TextDecoder().decode(bytes),
};

async function write<R>(bus: Bus, what: string, operation: () => Promise<R>): Promise<R> {
  try {
    return await withPatience(bus, what, operation);
  } catch (error) {
    if (isRevisionConflict(error)) {
      throw new RevisionConflict(`cannot ${what}: it was changed meanwhile; read it again`, { cause: error });
    }
    throw error;
  }
}

async function lastValues(kv: KV): Promise<KvEntry[]> {
  // What changes meanwhile is delivered again.
  const entries = new Map<string, KvEntry>();
  // An empty bucket never delivers the first entry, which tells how many follow.
  if ((await kv.status()).values === 0) return [];
  const values = await kv.watch({ include: KvWatchInclude.LastValue });
  for await (const entry of values) {
    if (isDeleted(entry)) entries.delete(entry.key);
    else entries.set(entry.key, entry);
    if (entry.delta === 0) break;
  }
  forget(values);
  return [...entries.values()];
}

/**
 * Deletes the consumer behind a watch that has ended. The library leaves it to the server, which keeps it for five minutes: those of all
 * calls in that time, each asked about every message.
 */
function forget(changes: QueuedIterator<KvWatchEntry>): void {
  const { _data: consumer } = changes as { _data?: PushConsumer };
  // When the server is away, its five minutes are good enough.
  consumer?.delete().catch(() => undefined);
}

async function* watch(
  bus: Bus,
  kv: KV,
  { key, fromRevision, headersOnly = false }: { key: string; fromRevision: number; headersOnly?: boolean },
  signal: AbortSignal,
): AsyncGenerator<KvEntry, void, undefined> {
  if (signal.aborted) return;
  const changes = await withPatience(bus, `watch ${key}`, () =>
    kv.watch({ key, resumeFromRevision: Math.max(1, fromRevision), headers_only: headersOnly }),
  );
  const stop = () => changes.stop();
  signal.addEventListener('abort', stop);
  if (signal.aborted) stop();
  try {
    for await (const entry of changes) {
      if (signal.aborted) return;
      yield entry;
    }
  } finally {
    signal.removeEventListener('abort', stop);
    changes.stop();
    forget(changes);
  }
  if (!signal.aborted)
    throw new BusUnavailable(`the watch of ${key} was cut off${bus.nc.isClosed() ? ': disconnected' : ''}`);
}

function isDeleted(entry: KvEntry): boolean {
  return entry.operation !== 'PUT';
}
