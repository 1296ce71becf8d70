import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { JobStatus } from '@nss/contracts';
import { createLogger } from '@nss/runtime';
import {
  type Bus,
  BusFull,
  BusUnavailable,
  connectBus,
  ObjectDamaged,
  openObjects,
  openStore,
  RevisionConflict,
  TEXT,
} from '../src/index.ts';
import { startNatsServer, type TestNatsServer } from '../testing/nats-server.ts';

const logger = createLogger('test', { level: 'silent' });
const never = new AbortController().signal;

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

test('a value is created once, changed from its revision only, and deleted', async () => {
  const store = await openStore(bus, 'basics', JobStatus);
  assert.equal(await store.get('a'), undefined);
  assert.deepEqual(await store.list(), []);

  const first = await store.create('a', JobStatus.fromPartial({ requestId: 'one' }));
  await assert.rejects(store.create('a', JobStatus.fromPartial({})), RevisionConflict);
  const second = await store.update('a', JobStatus.fromPartial({ requestId: 'two' }), first);
  await assert.rejects(store.update('a', JobStatus.fromPartial({}), first), RevisionConflict);

  const entry = await store.get('a');
  assert.equal(entry?.revision, second);
  assert.equal(entry?.value.requestId, 'two');

  await assert.rejects(store.delete('a', first), RevisionConflict);
  await store.delete('a', second);
  assert.equal(await store.get('a'), undefined);
  assert.deepEqual(await store.list(), []);
  assert.ok((await store.create('a', JobStatus.fromPartial({}))) > second);
});

test('of twenty writers from one revision, one wins', async () => {
  const store = await openStore(bus, 'race', TEXT);
  const revision = await store.create('a', '');
  const outcomes = await Promise.allSettled(
    Array.from({ length: 20 }, (_, i) => store.update('a', String(i), revision)),
  );
  assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
  for (const outcome of outcomes)
    if (outcome.status === 'rejected') assert.ok(outcome.reason instanceof RevisionConflict);
});

test('a list has the last value of every key, whatever history is kept', async () => {
  const store = await openStore(bus, 'history', TEXT, { history: 10 });
  for (let round = 0; round < 5; round++) {
    for (let key = 0; key < 20; key++) await store.put(`k${key}`, `${key}/${round}`);
  }
  await store.delete('k3');
  const values = (await store.list()).map(({ value }) => value);
  const expected = Array.from({ length: 20 }, (_, key) => `${key}/4`).filter((value) => value !== '3/4');
  assert.deepEqual(values.sort(), expected.sort());
});

test('a watch gives every change of its key from a revision on, then the new ones', async () => {
  const store = await openStore(bus, 'watched', TEXT, { history: 10 });
  const revisions: number[] = [];
  for (const value of ['a', 'b', 'c']) {
    revisions.push(await store.put('x', value));
    await store.put('other', value);
  }
  const seen: (string | undefined)[] = [];
  for await (const { value, revision } of store.watch('x', revisions[1], never)) {
    seen.push(value);
    if (value === 'c') assert.equal(await store.update('x', 'd', revision), revision + 2);
    if (value === 'd') await store.delete('x');
    if (value === undefined) break;
  }
  assert.deepEqual(seen, ['b', 'c', 'd', undefined]);
});

test('a watch ends when it is told to', async () => {
  const store = await openStore(bus, 'ended', TEXT);
  await store.put('x', 'a');
  const controller = new AbortController();
  const seen: (string | undefined)[] = [];
  for await (const { value } of store.watch('x', 1, controller.signal)) {
    seen.push(value);
    controller.abort();
  }
  for await (const { value } of store.watch('x', 1, controller.signal)) seen.push(value);
  assert.deepEqual(seen, ['a']);
});

test('what was stored is there after the server was killed, and a standing watch goes on', async (t) => {
  let restarted: TestNatsServer | undefined;
  const own = await startNatsServer();
  const ownBus = await connectBus({ url: own.url, name: 'test', logger });
  t.after(async () => {
    await ownBus.close();
    await restarted?.stop();
    await own.stop();
  });
  const store = await openStore(ownBus, 'kept', TEXT, { history: 5 });
  const objects = await openObjects(ownBus, 'kept');
  await store.put('x', 'before');
  await objects.put('a/b', new Uint8Array([1, 2, 3]));
  const seen: (string | undefined)[] = [];
  for await (const { value } of store.watch('x', 1, never)) {
    seen.push(value);
    if (value === 'before') {
      await own.kill();
      restarted = await startNatsServer({ storeDir: own.storeDir, port: own.port });
      await store.put('x', 'after');
    }
    if (value === 'after') break;
  }
  assert.deepEqual(seen, ['before', 'after']);
  assert.deepEqual(await objects.get('a/b'), new Uint8Array([1, 2, 3]));
});

test('an object is stored whole, replaced, listed by prefix and deleted', async () => {
  const objects = await openObjects(bus, 'objects');
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
  const objects = await openObjects(bus, 'streams');
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

test('an object that was only half stored is not there', async () => {
  const objects = await openObjects(bus, 'halves');
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

test('a clock that jumps neither ends the patience with a server that is away nor stretches it', async (t) => {
  const away = await startNatsServer();
  const own = await connectBus({ url: away.url, name: 'test', logger, patienceMs: 300 });
  const store = await openStore(own, 'clock', TEXT);
  t.after(() => own.close());
  await away.kill();
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
  const reading = store.get('a');
  t.mock.timers.setTime(Date.now() - 24 * 3_600_000);
  await assert.rejects(reading, BusUnavailable);
  const again = store.get('a');
  t.mock.timers.setTime(Date.now() + 48 * 3_600_000);
  const back = await startNatsServer({ storeDir: away.storeDir, port: away.port });
  t.after(() => back.stop());
  // It may take longer than the patience until the server is back: whoever is told so asks again.
  await again.catch((error) => assert.ok(error instanceof BusUnavailable));
  for (;;) {
    try {
      assert.equal(await store.get('a'), undefined);
      break;
    } catch (error) {
      assert.ok(error instanceof BusUnavailable);
    }
  }
  await away.stop();
});
