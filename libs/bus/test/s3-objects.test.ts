import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { BusUnavailable, ObjectDamaged } from '../src/index.ts';
import { openS3Objects } from '../src/s3-objects.ts';
import { startS3Server } from '../testing/s3-server.ts';

const weights = new Uint8Array(3_000_000).map((_, i) => i % 251);

test('an object with a flipped bit on the disk is refused, whole or in a stream, and others are not', async (t) => {
  const server = await startS3Server();
  t.after(() => server.stop());
  const objects = await openS3Objects(server.settings, 'flipped');
  await objects.put('damaged', weights);
  const folder = join(server.bucketDir, 'flipped/data');
  const [file] = (await readdir(folder)).filter((name) => name.endsWith('_object'));
  const stored = await readFile(join(folder, file));
  stored[100_000] ^= 1;
  await writeFile(join(folder, file), stored);
  await objects.put('whole', weights);

  await assert.rejects(objects.get('damaged'), ObjectDamaged);
  const stream = await objects.getStream('damaged');
  assert.ok(stream);
  await assert.rejects(async () => {
    for await (const _chunk of stream);
  }, ObjectDamaged);
  assert.deepEqual(await objects.get('whole'), weights);

  await writeFile(join(folder, file), stored.subarray(0, 1_000_000));
  await assert.rejects(objects.get('damaged'), ObjectDamaged);
});

/** A way to a server that can be cut. */
async function startProxy(port: number) {
  const sockets = new Set<Socket>();
  let cutAfterBytes = Number.POSITIVE_INFINITY;
  let cuts = 0;
  const proxy = createServer((client) => {
    const server = connect(port, '127.0.0.1');
    let bytes = 0;
    server.on('data', (data) => {
      bytes += data.length;
      if (bytes <= cutAfterBytes) return void client.write(data);
      cutAfterBytes = Number.POSITIVE_INFINITY;
      cuts++;
      client.destroy();
    });
    client.pipe(server);
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        client.destroy();
        server.destroy();
      });
    }
  });
  await new Promise<void>((listening) => proxy.listen(0, '127.0.0.1', listening));
  const address = proxy.address();
  assert.ok(typeof address === 'object' && address);
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    /** Cuts the first connection that has carried so much. */
    cutAfter(bytes: number) {
      cutAfterBytes = bytes;
    },
    cuts: () => cuts,
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((closed) => proxy.close(closed));
    },
  };
}

test('reading goes on where it was when the connection breaks', async (t) => {
  const server = await startS3Server();
  const proxy = await startProxy(Number(new URL(server.settings.endpoint).port));
  t.after(async () => {
    await proxy.stop();
    await server.stop();
  });
  const objects = await openS3Objects({ ...server.settings, endpoint: proxy.endpoint }, 'cut');
  await objects.put('weights', weights);
  proxy.cutAfter(1_500_000);
  assert.deepEqual(await objects.get('weights'), weights);
  assert.equal(proxy.cuts(), 1);
});

test('a server that is away is said, and is no reason to give up for good; a bucket that is not there is', async (t) => {
  const server = await startS3Server();
  t.after(() => server.stop());
  const objects = await openS3Objects(server.settings, 'away');
  await assert.rejects(openS3Objects({ ...server.settings, bucket: 'none' }, 'away'), /cannot use the S3 bucket none/);
  await server.stop();
  await assert.rejects(objects.get('a'), BusUnavailable);
  await assert.rejects(objects.put('a', weights), BusUnavailable);
});

test('content without an entry is swept away when it is still there at the next call, content with one is not', async (t) => {
  const server = await startS3Server();
  t.after(() => server.stop());
  const objects = await openS3Objects(server.settings, 'swept');
  await objects.put('kept', weights);
  const client = new S3Client({ region: 'us-east-1', endpoint: server.settings.endpoint, forcePathStyle: true });
  await client.send(new PutObjectCommand({ Bucket: server.settings.bucket, Key: 'swept/data/dead', Body: 'x' }));
  assert.equal(await objects.sweep(), 0);
  assert.equal(await objects.sweep(), 1);
  assert.equal(await objects.sweep(), 0);
  assert.deepEqual(await objects.get('kept'), weights);
});
