import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createLogger } from '@nss/runtime';
import {
  type Bus,
  BusUnavailable,
  connectBus,
  NoResponders,
  onRequest,
  privateSubject,
  request,
} from '../src/index.ts';
import { startNatsServer, type TestNatsServer } from '../testing/nats-server.ts';

const logger = createLogger('test', { level: 'silent' });
const bytes = (body: string) => new TextEncoder().encode(body);

let server: TestNatsServer;
let holder: Bus;
let trainer: Bus;

before(async () => {
  server = await startNatsServer();
  holder = await connectBus({ url: server.url, name: 'holder', logger });
  trainer = await connectBus({ url: server.url, name: 'trainer', logger });
});
after(async () => {
  await holder.close();
  await trainer.close();
  await server.stop();
});

test('a request is answered, until its subject is given up', async () => {
  const subject = privateSubject();
  const answering = await onRequest(holder, subject, async (body) => body.toReversed());
  assert.equal(Buffer.from(await request(trainer, subject, bytes('abc'))).toString(), 'cba');
  answering.stop();
  await holder.nc.flush();
  await assert.rejects(request(trainer, subject, bytes('abc')), NoResponders);
});

test('an error of the handler reaches who asked', async () => {
  const subject = privateSubject();
  await onRequest(holder, subject, async () => {
    throw new Error('lease is\nover');
  });
  await assert.rejects(request(trainer, subject, bytes('abc')), /lease is over/);
});

test('an answer that does not come in time is retryable', async () => {
  const subject = privateSubject();
  await onRequest(holder, subject, () => new Promise(() => undefined));
  await assert.rejects(request(trainer, subject, bytes('abc'), { timeoutMs: 20 }), (error) => {
    assert.ok(error instanceof BusUnavailable);
    assert.equal(error.retryable, true);
    return true;
  });
});

test('connecting waits for the server, and can be given up', async () => {
  const controller = new AbortController();
  const waits: string[] = [];
  const patient = createLogger('test', {
    level: 'warn',
    stream: {
      write: (line: string) => {
        waits.push(line);
        controller.abort();
      },
    },
  });
  const free = await startNatsServer();
  await free.stop();
  await assert.rejects(
    connectBus({ url: free.url, name: 'early', logger: patient, signal: controller.signal }),
    /abort/i,
  );
  assert.match(waits[0], /NATS cannot be reached yet/);
});

test('listening outlives a restart of the server, also one that begins before it is confirmed', async (t) => {
  const own = await startNatsServer();
  const ownBus = await connectBus({ url: own.url, name: 'holder', logger });
  const subject = privateSubject();
  const listening = onRequest(ownBus, subject, async (body) => body.toReversed());
  await own.kill();
  const again = await startNatsServer({ storeDir: own.storeDir, port: own.port });
  const asking = await connectBus({ url: again.url, name: 'trainer', logger });
  t.after(async () => {
    await ownBus.close();
    await asking.close();
    await again.stop();
    await own.stop();
  });
  await listening;
  assert.equal(Buffer.from(await request(asking, subject, bytes('abc'))).toString(), 'cba');
});
