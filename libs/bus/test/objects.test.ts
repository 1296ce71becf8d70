import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { createLogger } from '@nss/runtime';
import { type Bus, connectBus, openObjects } from '../src/index.ts';
import { startNatsServer, type TestNatsServer } from '../testing/nats-server.ts';
import { startS3Server, type TestS3Server } from '../testing/s3-server.ts';

/*
 * What every store of objects does, wherever it keeps them.
 */

let nats: TestNatsServer;
let s3: TestS3Server;
const buses: Partial<Record<string, Bus>> = {};

before(async () => {
  nats = await startNatsServer();
  s3 = await startS3Server();
  const logger = createLogger('test', { level: 'silent' });
  buses.JetStream = await connectBus({ url: nats.url, name: 'test', logger });
  buses.S3 = await connectBus({ url: nats.url, name: 'test', logger, s3: s3.settings });
});
after(async () => {
  for (const bus of Object.values(buses)) await bus?.close();
  await s3?.stop();
  await nats?.stop();
});

for (const kind of ['JetStream', 'S3']) {
  describe(`objects in ${kind}`, () => {
    const open = (bucket: string) => openObjects(buses[kind] as Bus, bucket);

    test('an object is stored whole, replaced, listed by prefix and deleted', async () => {
      const objects = await open('objects');
      const large = new Uint8Array(1_000_000).map((_, i) => (i * 31) % 251);
      const { digest, bytes } = await objects.put('searches/a/weights', large);
      assert.equal(bytes, large.length);
      assert.match(digest, /^SHA-256=/);
      await objects.put('searches/a/empty', new Uint8Array());
      await objects.put('searches/ab/other', new Uint8Array([1]));

      assert.deepEqual(await objects.get('searches/a/weights'), large);
      assert.deepEqual(await objects.get('searches/a/empty'), new Uint8Array());
      assert.equal(await objects.get('searches/a/none'), undefined);
      assert.equal(await objects.info('searches/a/none'), undefined);
      assert.deepEqual(await objects.info('searches/a/weights'), { name: 'searches/a/weights', bytes, digest });
      const names = async (prefix: string) => (await objects.list(prefix)).map(({ name }) => name);
      assert.deepEqual(await names('searches/a/'), ['searches/a/empty', 'searches/a/weights']);

      await objects.put('searches/a/weights', new Uint8Array([9]));
      assert.deepEqual(await objects.get('searches/a/weights'), new Uint8Array([9]));
      assert.equal(await objects.delete('searches/a/weights'), true);
      assert.equal(await objects.delete('searches/a/weights'), false);
      assert.equal(await objects.get('searches/a/weights'), undefined);
      assert.deepEqual(await names(''), ['searches/a/empty', 'searches/ab/other']);
    });

    test('an object streams in and out, and a broken stream stores nothing', async () => {
      const objects = await open('streams');
      async function* chunks(fail: boolean) {
        for (let i = 0; i < 10; i++) yield new Uint8Array(100_000).fill(i);
        if (fail) throw new Error('disk gone');
      }
      const { bytes } = await objects.putStream('a', chunks(false));
      let read = 0;
      for await (const chunk of (await objects.getStream('a')) ?? []) {
        for (const value of chunk) assert.equal(value, Math.floor(read++ / 100_000));
      }
      assert.equal(read, bytes);
      await assert.rejects(objects.putStream('b', chunks(true)), /disk gone/);
      assert.equal(await objects.get('b'), undefined);
      assert.equal(await objects.getStream('b'), undefined);
    });

    test('an object that was only half stored is not there', async () => {
      const objects = await open('halves');
      await objects.put('weights', new Uint8Array([1, 2, 3]));
      async function* dies() {
        yield new Uint8Array(600_000);
        throw new Error('the trainer ran out of memory');
      }
      await assert.rejects(objects.putStream('weights', dies()), /out of memory/);
      await assert.rejects(objects.putStream('other', dies()), /out of memory/);
      assert.deepEqual(await objects.get('weights'), new Uint8Array([1, 2, 3]));
      assert.equal(await objects.info('other'), undefined);
    });

    test('a digest is that of the content, whichever way it came', async () => {
      const objects = await open('digests');
      const content = new Uint8Array(700_000).map((_, i) => (i * 7) % 253);
      const digest = `SHA-256=${createHash('sha256').update(content).digest('base64url')}`;
      async function* pieces() {
        for (let i = 0; i < content.length; i += 1_000) yield content.subarray(i, i + 1_000);
      }
      assert.equal((await objects.put('whole', content)).digest.replace(/=$/, ''), digest);
      assert.equal((await objects.putStream('pieces', pieces())).digest.replace(/=$/, ''), digest);
      assert.deepEqual(
        (await objects.list()).map((found) => found.digest.replace(/=$/, '')),
        [digest, digest],
      );
    });

    test('an object of many megabytes goes through in pieces', async () => {
      const objects = await open('large');
      const pieces = 20;
      async function* content() {
        for (let i = 0; i < pieces; i++) yield new Uint8Array(1_000_000).fill(i);
      }
      const { bytes, digest } = await objects.putStream('weights', content());
      assert.equal(bytes, 1_000_000 * pieces);
      const hash = createHash('sha256');
      let largest = 0;
      for await (const chunk of (await objects.getStream('weights')) ?? []) {
        largest = Math.max(largest, chunk.length);
        hash.update(chunk);
      }
      assert.equal(`SHA-256=${hash.digest('base64url')}`, digest.replace(/=$/, ''));
      assert.ok(largest <= 1_000_000, `a chunk of ${largest} bytes`);
    });

    test('of two that store the same name at once, one is there, whole', async () => {
      const objects = await open('race');
      const contents = [1, 2, 3, 4].map((value) => new Uint8Array(300_000).fill(value));
      await Promise.all(contents.map((content) => objects.put('a', content)));
      const found = await objects.get('a');
      assert.ok(contents.some((content) => Buffer.from(content).equals(Buffer.from(found ?? []))));
      assert.equal((await objects.list()).length, 1);
    });
  });
}
