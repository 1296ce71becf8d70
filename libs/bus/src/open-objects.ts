import type { Bus } from './connection.ts';
import { busMetrics } from './metrics.ts';
import { openNatsObjects } from './nats-objects.ts';
import type { Objects, StoredObject } from './objects.ts';
import type { S3Settings } from './s3-calls.ts';

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
