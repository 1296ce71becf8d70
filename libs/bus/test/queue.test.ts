import assert from 'node:assert/strict';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { createLogger } from '@nss/runtime';
import {
  type Bus,
  BusStoreLost,
  connectBus,
  consume,
  dropDeadLetter,
  ensureQueue,
  ensureTopology,
  jobQueue,
  jobSubject,
  LEASE_QUEUE,
  LEASE_SUBJECT,
  listDeadLetters,
  openStore,
  pauseMs,
  publish,
  publishOnce,
  purgeAcknowledged,
  type QueueMessage,
  resendDeadLetter,
  TEXT,
} from '../src/index.ts';
import { startNatsServer, type TestNatsServer } from '../testing/nats-server.ts';

const logger = createLogger('test', { level: 'silent' });
const queue = jobQueue('searches');
const text = (body: Uint8Array) => new TextDecoder().decode(body);
const bytes = (body: string) => new TextEncoder().encode(body);

let server: TestNatsServer;
let bus: Bus;

before(async () => {
  server = await startNatsServer();
  bus = await connectBus({ url: server.url, name: 'test', logger });
  await ensureTopology(bus);
});
after(async () => {
  await bus.close();
  await server.stop();
});
beforeEach(async () => {
  await bus.jsm.streams.purge('NSS_JOBS');
  await bus.jsm.streams.purge('NSS_LEASES');
  await ensureQueue(bus, queue, { ackWaitMs: 60_000 });
});

/** Runs the handler on messages until it calls `done`. */
async function consuming(
  handler: (message: QueueMessage, done: () => void, signal: AbortSignal) => ReturnType<Parameters<typeof consume>[2]>,
  { from = queue, concurrency = 1 } = {},
): Promise<void> {
  const controller = new AbortController();
  const done = () => controller.abort();
  await consume(bus, from, (message, signal) => handler(message, done, signal), {
    concurrency,
    signal: controller.signal,
  });
}

async function waiting(stream = 'NSS_JOBS'): Promise<number> {
  // Acknowledgements are not answered; a round trip on the connection puts them before this question.
  await bus.nc.flush();
  return (await bus.jsm.streams.info(stream)).state.messages;
}

test('ten services that start at once make one topology', async () => {
  const buses = await Promise.all(Array.from({ length: 10 }, () => connectBus({ url: server.url, name: 't', logger })));
  await Promise.all(buses.map((each) => ensureTopology(each)));
  await Promise.all(buses.map((each) => ensureQueue(each, queue)));
  const names = [];
  for await (const stream of bus.jsm.streams.list()) names.push(stream.config.name);
  assert.deepEqual(names.sort(), ['NSS_DEAD_LETTERS', 'NSS_EVENTS', 'NSS_JOBS', 'NSS_LEASES']);
  await Promise.all(buses.map((each) => each.close()));
});

test('a topology with another ack wait is brought to this one', async () => {
  await ensureTopology(bus, { ackWaitMs: 1_000 });
  assert.equal((await bus.jsm.consumers.info('NSS_LEASES', 'trainers')).config.ack_wait, 1e9);
  await ensureTopology(bus);
  assert.equal((await bus.jsm.consumers.info('NSS_LEASES', 'trainers')).config.ack_wait, 30e9);
});

test('a subject of the jobs queue holds one message, also while a worker has it', async () => {
  assert.equal(await publishOnce(bus, jobSubject('searches', 'a'), bytes('a')), true);
  assert.equal(await publishOnce(bus, jobSubject('searches', 'a'), bytes('a')), false);
  await consuming(async (_message, done) => {
    assert.equal(await publishOnce(bus, jobSubject('searches', 'a'), bytes('a')), false);
    done();
  });
  assert.equal(await waiting(), 0);
  assert.equal(await publishOnce(bus, jobSubject('searches', 'a'), bytes('a')), true);
});

test('a message id is stored once', async () => {
  await publish(bus, LEASE_SUBJECT, bytes('x'), { messageId: 'lease-1' });
  await publish(bus, LEASE_SUBJECT, bytes('x'), { messageId: 'lease-1' });
  assert.equal(await waiting('NSS_LEASES'), 1);
});

test('a handled message is gone, one left is not', async () => {
  await publishOnce(bus, jobSubject('searches', 'a'), bytes('a'));
  await publishOnce(bus, jobSubject('searches', 'b'), bytes('b'));
  await consuming(async ({ body }, done) => {
    if (text(body) === 'a') return 'ack';
    done();
    return 'leave';
  });
  assert.equal(await waiting(), 1);
});

test('no more than `concurrency` messages are held, none is taken in advance', async () => {
  for (const id of 'abcdef') await publishOnce(bus, jobSubject('searches', id), bytes(id));
  let running = 0;
  let most = 0;
  let handled = 0;
  await consuming(
    async (_message, done) => {
      most = Math.max(most, ++running);
      const { num_ack_pending } = await bus.jsm.consumers.info(queue.stream, queue.consumer);
      assert.ok(num_ack_pending <= 2, `${num_ack_pending} held`);
      running--;
      if (++handled === 6) done();
    },
    { concurrency: 2 },
  );
  assert.equal(most, 2);
});

test('a retryable error gives the message back, after a pause; a dead letter leaves the queue', async () => {
  await publish(bus, LEASE_SUBJECT, bytes('again'));
  await publish(bus, LEASE_SUBJECT, bytes('never'));
  const seen: string[] = [];
  await consuming(
    async ({ body }, done) => {
      seen.push(text(body));
      if (text(body) === 'never') {
        done();
        return { deadLetter: 'nobody can read it' };
      }
      throw Object.assign(new Error('busy'), { retryable: true });
    },
    { from: LEASE_QUEUE },
  );
  assert.deepEqual(seen, ['again', 'never']);
  assert.equal(await waiting('NSS_LEASES'), 1);
});

test('a dead letter says what it was, why, and goes back to its queue when it is sent again', async () => {
  for (const { number } of await listDeadLetters(bus)) assert.equal(await dropDeadLetter(bus, number), true);
  await publishOnce(bus, jobSubject('searches', 'a'), bytes('broken'));
  await consuming(async (_message, done) => {
    done();
    return { deadLetter: 'the spec cannot\nbe read' };
  });
  assert.equal(await waiting(), 0);
  const [letter, ...others] = await listDeadLetters(bus);
  assert.deepEqual(others, []);
  const { number, subject, reason, deliveries, body } = letter;
  assert.deepEqual(
    { subject, reason, deliveries, body: text(body) },
    { subject: jobSubject('searches', 'a'), reason: 'the spec cannot be read', deliveries: 1, body: 'broken' },
  );
  assert.equal(await resendDeadLetter(bus, number), true);
  assert.equal(await resendDeadLetter(bus, number), false);
  assert.deepEqual(await listDeadLetters(bus), []);
  await consuming(async ({ body }, done) => {
    assert.equal(text(body), 'broken');
    done();
  });
});

test('a handler that fails with a message ten times in ways it does not expect makes it a dead letter', async () => {
  await publish(bus, LEASE_SUBJECT, bytes('poison'));
  const consumer = await bus.js.consumers.get(LEASE_QUEUE.stream, LEASE_QUEUE.consumer);
  for (let delivery = 1; delivery < 10; delivery++) (await consumer.next({ expires: 1_000 }))?.nak();
  await consuming(
    async ({ deliveries }, done) => {
      // A signal that is aborted gives everything back: the next message ends the test instead.
      if (deliveries === 1) return done();
      await publish(bus, LEASE_SUBJECT, bytes('last'));
      throw new TypeError('undefined is not a function');
    },
    { from: LEASE_QUEUE },
  );
  assert.equal(await waiting('NSS_LEASES'), 0);
  assert.match((await listDeadLetters(bus)).at(-1)?.reason ?? '', /^TypeError: undefined is not a function$/);
});

test('who consumes a queue is told when NATS has lost it, and so are those who read and write', async (t) => {
  const own = await startNatsServer();
  const ownBus = await connectBus({ url: own.url, name: 'test', logger });
  await ensureTopology(ownBus);
  const store = await openStore(ownBus, 'lost', TEXT);
  const consumed = consume(ownBus, LEASE_QUEUE, async () => {}, { signal: new AbortController().signal });
  consumed.catch(() => {});
  await own.kill();
  await rm(own.storeDir, { recursive: true });
  const empty = await startNatsServer({ storeDir: own.storeDir, port: own.port });
  t.after(async () => {
    await ownBus.close();
    await empty.stop();
    await own.stop();
  });
  await assert.rejects(consumed, BusStoreLost);
  await assert.rejects(store.get('a'), (error) => {
    assert.ok(error instanceof BusStoreLost);
    assert.match(error.message, /restart the services/);
    return true;
  });
});

test('an error that says that it is terminal ends the message', async () => {
  await publish(bus, LEASE_SUBJECT, bytes('never'));
  await publish(bus, LEASE_SUBJECT, bytes('last'));
  await consuming(
    async ({ body }, done) => {
      if (text(body) === 'last') return done();
      throw Object.assign(new Error('wrong'), { retryable: false });
    },
    { from: LEASE_QUEUE },
  );
  assert.equal(await waiting('NSS_LEASES'), 0);
});

test('on shutdown the handler is told, and its message is there for the next worker at once', async () => {
  await publishOnce(bus, jobSubject('searches', 'a'), bytes('a'));
  await consuming(async (_message, done, signal) => {
    const aborted = new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    done();
    await aborted;
  });
  await consuming(async ({ deliveries }, done) => {
    assert.equal(deliveries, 2);
    done();
  });
});

test('a message is kept alive for as long as its handler runs', async () => {
  await ensureQueue(bus, queue, { ackWaitMs: 300 });
  await publishOnce(bus, jobSubject('searches', 'a'), bytes('a'));
  let progressReports = 0;
  const reports = bus.nc.subscribe(`$JS.ACK.${queue.stream}.${queue.consumer}.>`);
  const watching = (async () => {
    for await (const report of reports) {
      // Six reports span two ack waits.
      if (report.string() === '+WPI' && ++progressReports === 6) break;
    }
  })();
  let deliveries = 0;
  await consuming(
    async (_message, done) => {
      deliveries++;
      await watching;
      done();
    },
    { concurrency: 2 },
  );
  assert.equal(deliveries, 1);
});

test('the message of a worker that is silent goes to another one', async () => {
  await ensureQueue(bus, queue, { ackWaitMs: 100 });
  await publishOnce(bus, jobSubject('searches', 'a'), bytes('a'));
  const consumer = await bus.js.consumers.get(queue.stream, queue.consumer);
  await consumer.next({ expires: 1_000 });
  await consuming(async ({ deliveries }, done) => {
    assert.equal(deliveries, 2);
    done();
  });
});

test('pauses grow from one second to a minute', () => {
  assert.deepEqual([1, 2, 3, 6, 7, 100].map(pauseMs), [1_000, 2_000, 4_000, 32_000, 60_000, 60_000]);
});

test('acknowledged messages that a killed server finds again go, and leave their subjects free', async (t) => {
  const own = await startNatsServer();
  const first = await connectBus({ url: own.url, name: 'test', logger });
  await ensureTopology(first);
  await ensureQueue(first, queue);
  const { stream, consumer } = queue;
  const again = jobSubject('searches', 'again');
  for (const id of ['again', 'held', 'waits']) await publishOnce(first, jobSubject('searches', id), bytes(id));
  const messages = await first.js.consumers.get(stream, consumer);
  await (await messages.next({ expires: 1_000 }))?.ackAck();
  // The server writes down what was acknowledged before it writes down what is gone: until it has done the first.
  const written = join(own.storeDir, `jetstream/$G/streams/${stream}/obs/${consumer}/o.dat`);
  const before = await readFile(written).catch(() => undefined);
  for (let now = before; now === undefined || before?.equals(now); await first.nc.flush()) {
    now = await readFile(written).catch(() => undefined);
  }
  await own.kill();
  const server = await startNatsServer({ storeDir: own.storeDir, port: own.port });
  await first.nc.close();
  const second = await connectBus({ url: server.url, name: 'test', logger });
  t.after(async () => {
    await second.close();
    await server.stop();
    await own.stop();
  });
  const { ack_floor: floor } = await second.jsm.consumers.info(stream, consumer);
  // Whether the server had written that down in time is its own affair; then the message is delivered again.
  const known = floor.stream_seq === 1;
  if (known) assert.equal(await publishOnce(second, again, bytes('again')), false);
  const held = await (await second.js.consumers.get(stream, consumer)).next({ expires: 1_000 });
  await purgeAcknowledged(second, queue);
  assert.equal(await publishOnce(second, again, bytes('again')), known);
  // What a worker holds, and what waits, is not touched.
  held?.nak();
  const left = new Set<string>();
  for (let i = 0; i < 3; i++) {
    const next = await (await second.js.consumers.get(stream, consumer)).next({ expires: 1_000 });
    if (next) left.add(text(next.data));
    next?.ack();
  }
  assert.deepEqual([...left].sort(), ['again', 'held', 'waits']);
});
