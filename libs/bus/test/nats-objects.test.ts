import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createLogger } from '@nss/runtime';
import { type Bus, BusFull, connectBus, ObjectDamaged, openObjects } from '../src/index.ts';
import { startNatsServer, type TestNatsServer } from '../testing/nats-server.ts';

const logger = createLogger('test', { level: 'silent' });

let server: TestNatsServer;
let bus: Bus;

before(async () => {
  server = await startNatsServer();
  bus = await connectBus({ url: server.url, name: 'test', logger });
});
after(async () => {
  await bus.close();
  await server.stop();
});

test('a full disk is said, with what to do; what was stored stays, and work goes on when there is room', async (t) => {
  const small = await startNatsServer({ maxStoreBytes: 2_000_000 });
  const smallBus = await connectBus({ url: small.url, name: 'test', logger });
  let larger: TestNatsServer | undefined;
  t.after(async () => {
    await smallBus.close();
    await larger?.stop();
    await small.stop();
  });
  const objects = await openObjects(smallBus, 'full');
  const weights = new Uint8Array(600_000).fill(7);
  await objects.put('first', weights);
  await assert.rejects(
    async () => {
      for (let i = 0; ; i++) await objects.put(`next-${i}`, weights);
    },
    (error) => {
      assert.ok(error instanceof BusFull && error.retryable);
      assert.match(error.message, /the store of NATS is full .* Free space on its disk/);
      return true;
    },
  );
  assert.deepEqual(await objects.get('first'), weights);
  await small.kill();
  larger = await startNatsServer({ storeDir: small.storeDir, port: small.port, maxStoreBytes: 20_000_000 });
  assert.deepEqual(await objects.get('first'), weights);
  await objects.put('second', weights);
  assert.deepEqual(await objects.get('second'), weights);
});

test('an object with a flipped bit on the disk is refused, whole or in a stream, and others are not', async (t) => {
  const first = await startNatsServer();
  // Kept over the stop: the server deletes only what it made.
  const storeDir = await mkdtemp(join(tmpdir(), 'nss-flipped-'));
  await first.stop();
  const healthy = await startNatsServer({ storeDir, port: first.port });
  const own = await connectBus({ url: healthy.url, name: 'test', logger });
  const objects = await openObjects(own, 'flipped');
  const weights = new Uint8Array(600_000).map((_, i) => i % 251);
  await objects.put('damaged', weights);
  await objects.put('whole', weights);
  await healthy.stop();
  const block = join(storeDir, 'jetstream/$G/streams/OBJ_flipped/msgs/1.blk');
  const stored = await readFile(block);
  stored[100_000] ^= 1;
  await writeFile(block, stored);
  const again = await startNatsServer({ storeDir, port: first.port });
  t.after(async () => {
    await own.close();
    await again.stop();
    await rm(storeDir, { recursive: true });
  });
  await assert.rejects(objects.get('damaged'), (error) => {
    assert.ok(error instanceof ObjectDamaged && !error.retryable);
    assert.match(error.message, /^damaged in flipped is damaged: .* Check the disk/);
    return true;
  });
  const stream = await objects.getStream('damaged');
  assert.ok(stream);
  await assert.rejects(async () => {
    for await (const _chunk of stream);
  }, ObjectDamaged);
  assert.deepEqual(await objects.get('whole'), weights);
});

test('an object can be read on after the server was killed half-way', async (t) => {
  const own = await startNatsServer();
  const ownBus = await connectBus({ url: own.url, name: 'test', logger });
  const objects = await openObjects(ownBus, 'halfway');
  const weights = new Uint8Array(900_000).map((_, i) => i % 251);
  await objects.put('weights', weights);
  const stream = await objects.getStream('weights');
  assert.ok(stream);
  let again: TestNatsServer | undefined;
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) {
    if (chunks.push(chunk) > 1) continue;
    await own.kill();
    again = await startNatsServer({ storeDir: own.storeDir, port: own.port });
  }
  t.after(async () => {
    await ownBus.close();
    await again?.stop();
    await own.stop();
  });
  assert.deepEqual(new Uint8Array(Buffer.concat(chunks)), weights);
});

test('what an upload that died has left is swept away, what one that goes on has stored is not', async () => {
  const objects = await openObjects(bus, 'swept');
  await objects.put('kept', new Uint8Array(300_000));
  // Chunks without an object: what a killed trainer leaves.
  await bus.js.publish('$O.swept.C.dead', new Uint8Array(1000));
  const uploading = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  async function* slow() {
    yield new Uint8Array(600_000);
    uploading.resolve();
    await released.promise;
    yield new Uint8Array(600_000);
  }
  const upload = objects.putStream('slow', slow());
  await uploading.promise;
  assert.equal(await objects.sweep(), 0);
  released.resolve();
  await upload;
  assert.equal(await objects.sweep(), 1);
  assert.equal((await objects.get('kept'))?.length, 300_000);
  assert.equal((await objects.get('slow'))?.length, 1_200_000);
  const { state } = await bus.jsm.streams.info('OBJ_swept', { subjects_filter: '$O.swept.C.dead' });
  assert.deepEqual(Object.keys(state.subjects ?? {}), []);
});
