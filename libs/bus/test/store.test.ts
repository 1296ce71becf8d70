import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { JobStatus } from '@nss/contracts';
import { createLogger } from '@nss/runtime';
import { type Bus, BusUnavailable, connectBus, openObjects, openStore, RevisionConflict, TEXT } from '../src/index.ts';
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

test('a list has no key twice, also none that is changed meanwhile', async () => {
  const store = await openStore(bus, 'busy', TEXT);
  const keys = Array.from({ length: 500 }, (_, i) => `key-${i}`);
  await Promise.all(keys.map((key) => store.put(key, 'x'.repeat(10_000))));
  for (let round = 0; round < 5; round++) {
    let listed: string[] | undefined;
    const listing = store.list().then((entries) => {
      listed = entries.map(({ key }) => key);
    });
    while (!listed) await Promise.all(keys.slice(0, 20).map((key) => store.put(key, 'y')));
    await listing;
    assert.equal(new Set(listed).size, listed.length);
    assert.deepEqual(
      keys.slice(20).filter((key) => !listed?.includes(key)),
      [],
    );
  }
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
  await again.catch((error) => assert.ok(error instanceof BusUnavailable));
  // The client has tried to reconnect in what is now the future.
  t.mock.timers.setTime(Date.now() - 96 * 3_600_000);
  const back = await startNatsServer({ storeDir: away.storeDir, port: away.port });
  t.after(() => back.stop());
  // It may take longer than the patience until the server is back: whoever is told so asks again.
  for (;;) {
    t.signal.throwIfAborted();
    try {
      assert.equal(await store.get('a'), undefined);
      break;
    } catch (error) {
      assert.ok(error instanceof BusUnavailable);
    }
  }
  await away.stop();
});
