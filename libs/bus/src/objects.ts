import type { Bus } from './connection.ts';
import { busMetrics } from './metrics.ts';
import { openNatsObjects } from './nats-objects.ts';
import type { S3Settings } from './s3-calls.ts';

/** An object in a bucket. */
export type StoredObject = {
  /** May contain `/`. */
  readonly name: string;
  readonly bytes: number;
  /** `SHA-256=<base64url>` of the content. */
  readonly digest: string;
};

/**
 * A bucket of large objects; the digest is checked on every read. An object appears whole or not at all, and replaces the one of its
 * name. All operations throw BusUnavailable, those that read throw ObjectDamaged.
 */
export type Objects = {
  put(name: string, content: Uint8Array): Promise<StoredObject>;
  /** From a stream, never whole in memory. An error of the stream is thrown, and nothing is stored. */
  putStream(name: string, content: AsyncIterable<Uint8Array>): Promise<StoredObject>;
  get(name: string): Promise<Uint8Array | undefined>;
  /** In chunks as they come. Throws ObjectDamaged at the end if the digest does not match. */
  getStream(name: string): Promise<AsyncIterable<Uint8Array> | undefined>;
  info(name: string): Promise<StoredObject | undefined>;
  /** False if there was none. */
  delete(name: string): Promise<boolean>;
  /** Objects whose names begin with `prefix`, by name. */
  list(prefix?: string): Promise<StoredObject[]>;
  /**
   * Deletes what uploads that died half-way have left and that was there already when this was called before; call it a minute
   * apart. Gives the number of uploads.
   */
  sweep(): Promise<number>;
};

/** Weights of super networks. */
export const CHECKPOINTS = 'nss-checkpoints';
/** Files that jobs leave, `<collection>/<id>/<file>`. */
export const ARTIFACTS = 'nss-artifacts';

/** Opens a bucket of objects where the bus keeps them: in S3 when it was told of a bucket there, else in JetStream. */
export async function openObjects(bus: Bus, bucket: string): Promise<Objects> {
  const objects = bus.s3 ? await openInS3(bus.s3, bucket) : await openNatsObjects(bus, bucket);
  const count = (direction: 'in' | 'out', bytes: number) => busMetrics.objectBytes.add(bytes, { bucket, direction });
  const counted = (stored: StoredObject) => {
    count('in', stored.bytes);
    return stored;
  };
  async function* counting(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      count('out', chunk.length);
      yield chunk;
    }
  }
  return {
    ...objects,
    put: async (name, content) => counted(await objects.put(name, content)),
    putStream: async (name, content) => counted(await objects.putStream(name, content)),
    async get(name) {
      const content = await objects.get(name);
      if (content) count('out', content.length);
      return content;
    },
    async getStream(name) {
      const chunks = await objects.getStream(name);
      return chunks && counting(chunks);
    },
  };
}

/** Loaded only when needed: Amazon's SDK costs every process 30 MB. */
async function openInS3(settings: S3Settings, bucket: string): Promise<Objects> {
  const { openS3Objects } = await import('./s3-objects.ts');
  return openS3Objects(settings, bucket);
}
