import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { type Bus, connectBus, type DeadLetter, ensureTopology, listDeadLetters } from '@nss/bus';
import { startNatsServer, type TestNatsServer } from '@nss/bus/testing';
import { Search } from '@nss/contracts';
import { type JobCloudEvent, type Jobs, openJobs, SEARCHES } from '@nss/jobs';
import { createLogger } from '@nss/runtime';
import { Webhook } from 'standardwebhooks';
import { type ServiceProcess, startService } from './mesh-processes.ts';

/* Events of real jobs, through the webhooks as a process of its own, to a receiver that fails. */

const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

type Attempt = { readonly headers: IncomingHttpHeaders; readonly body: string };

let folder: string;
let nats: TestNatsServer;
let bus: Bus;
let jobs: Jobs<Search>;
let receiver: Server;
let webhooks: ServiceProcess;
let env: Record<string, string>;
/** What came to each path, and who waits for more. */
const attempts: Record<string, Attempt[]> = { '/flaky': [], '/down': [], '/gone': [], '/acme': [] };
const arrivals = new EventTarget();

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nss-webhooks-'));
  nats = await startNatsServer();
  bus = await connectBus({ url: nats.url, name: 'test', logger: createLogger('test', { level: 'silent' }) });
  await ensureTopology(bus);
  jobs = await openJobs<Search>(bus, SEARCHES);
  receiver = createServer(async (request, response) => {
    const path = request.url ?? '';
    const past = attempts[path].length;
    attempts[path].push({ headers: request.headers, body: await text(request) });
    // The first time an error, the second time nothing at all.
    if (path === '/flaky' && past === 1) request.socket.destroy();
    else {
      const status = { '/flaky': past === 0 ? 503 : 204, '/down': 500, '/gone': 410 }[path] ?? 204;
      response.writeHead(status).end();
    }
    arrivals.dispatchEvent(new Event(path));
  });
  receiver.listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  const file = join(folder, 'webhooks.yaml');
  await writeFile(
    file,
    `webhooks:
  - { name: flaky, url: ${url}/flaky, secret: ${secret}, events: [searches.cancelled], pausesSeconds: [0, 0] }
  - { name: down, url: ${url}/down, secret: ${secret}, events: ['*.cancelled'], pausesSeconds: [0] }
  - { name: gone, url: ${url}/gone, secret: ${secret}, events: ['searches.*', campaigns.failed] }
  - { name: acme, url: ${url}/acme, secret: ${secret}, tenant: acme }
`,
  );
  env = { NSS_NATS_URL: nats.url, NSS_WEBHOOKS_FILE: file };
  webhooks = await startService('webhooks', '', env);
});

after(async () => {
  await webhooks?.stop();
  receiver?.close();
  await bus?.close();
  await nats?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Resolves when so many attempts have come to a path. */
async function arrived(path: string, count: number): Promise<Attempt[]> {
  while (attempts[path].length < count) await once(arrivals, path);
  return attempts[path];
}

/** All dead letters of these webhooks, once there are so many: they may be stored already, or be about to. */
async function deadLetters(of: readonly string[], count: number): Promise<DeadLetter[]> {
  const stored = bus.nc.subscribe('nss.v1.dead.>', { timeout: 30_000 });
  for (;;) {
    const letters = (await listDeadLetters(bus)).filter(({ reason }) =>
      of.some((name) => reason.startsWith(`webhook ${name}: `)),
    );
    if (letters.length >= count) {
      stored.unsubscribe();
      return letters;
    }
    await stored[Symbol.asyncIterator]().next();
  }
}

const eventOf = ({ body }: Attempt) => JSON.parse(body) as JobCloudEvent;

test('an event is posted until the receiver has it, signed, every time under the same id', {
  timeout: 60_000,
}, async () => {
  const { name } = await jobs.create({ id: 'mine', resource: Search.create() });
  await jobs.cancel(name);
  const all = await arrived('/flaky', 3);
  assert.equal(new Set(all.map(({ headers }) => headers['webhook-id'])).size, 1);
  for (const attempt of all) {
    const event = new Webhook(secret).verify(attempt.body, attempt.headers as Record<string, string>) as JobCloudEvent;
    assert.equal(attempt.headers['content-type'], 'application/cloudevents+json; charset=utf-8');
    assert.equal(attempt.headers['webhook-id'], event.id);
    const { specversion, type, source, subject, data } = event;
    assert.deepEqual(
      [specversion, type, source, subject, data.name],
      ['1.0', 'dev.nss.v1.search.cancelled', '/tenants/default', name, name],
    );
    assert.equal((data.status as { state: string }).state, 'JOB_STATE_CANCELLED');
    assert.throws(() => new Webhook(secret).verify(`${attempt.body} `, attempt.headers as Record<string, string>));
  }
});

test('an event that a receiver does not take in its attempts, or that is gone, is a dead letter of that webhook', async () => {
  await arrived('/down', 2);
  await arrived('/gone', 2);
  const reasons = (await deadLetters(['down', 'gone'], 3)).map(({ reason, subject }) => [subject, reason]).sort();
  assert.deepEqual(reasons, [
    ['nss.v1.cloudevents.searches.mine.cancelled', 'webhook down: the receiver answered 500 (attempt 2)'],
    ['nss.v1.cloudevents.searches.mine.cancelled', 'webhook gone: the receiver answered 410 (attempt 1)'],
    ['nss.v1.cloudevents.searches.mine.created', 'webhook gone: the receiver answered 410 (attempt 1)'],
  ]);
});

test('events that come while the webhooks are down are delivered when they are back, each to its tenant', {
  timeout: 60_000,
}, async () => {
  assert.equal(await webhooks.stop(), 0);
  const theirs = await jobs.of('acme').create({ id: 'theirs', resource: Search.create() });
  await jobs.create({ id: 'not-theirs', resource: Search.create() });
  webhooks = await startService('webhooks', '', env);
  await jobs.of('acme').cancel(theirs.name);
  const events = (await arrived('/acme', 2)).map(eventOf);
  assert.deepEqual(events.map(({ source, type, subject }) => `${source} ${type} ${subject}`).sort(), [
    '/tenants/acme dev.nss.v1.search.cancelled searches/theirs',
    '/tenants/acme dev.nss.v1.search.created searches/theirs',
  ]);
});

test('what is no event is a dead letter at once, with what is wrong with it, and those after it are delivered', async () => {
  const event = JSON.parse(attempts['/acme'][0].body) as JobCloudEvent;
  const bodies = [
    'no JSON',
    Uint8Array.of(0x22, 0xff, 0x22),
    '{}',
    JSON.stringify({ ...event, id: 'a\nb' }),
    JSON.stringify({ ...event, source: '/tenants/default' }),
    JSON.stringify({ ...event, id: 'last' }),
  ];
  for (const body of bodies) await bus.js.publish('nss.v1.tenants.acme.cloudevents.searches.theirs.created', body);
  const all = await arrived('/acme', 3);
  assert.equal(eventOf(all[2]).id, 'last');
  const letters = await deadLetters(['acme'], 5);
  const reasons = letters.map(({ reason }) => reason.replace('webhook acme: nothing to deliver: ', '')).sort();
  assert.match(reasons[0], /^it is no CloudEvent of a job \(id: expected 1 to 512 printable/);
  assert.match(reasons[1], /^it is no CloudEvent of a job \(specversion: .*; id: .*; type: .*; source: .*; subject: /);
  assert.deepEqual(reasons.slice(2), [
    'its 3 bytes are no JSON',
    'its 7 bytes are no JSON',
    'its source is not /tenants/acme',
  ]);
});

test('what was delivered stays in the stream for others', async () => {
  const { state } = await bus.jsm.streams.info('NSS_EVENTS', { subjects_filter: '>' });
  const subjects = Object.keys(state.subjects ?? {});
  assert.ok(subjects.includes('nss.v1.cloudevents.searches.mine.cancelled'));
  assert.ok(subjects.includes('nss.v1.searches.mine.cancelled'));
  assert.ok(subjects.includes('nss.v1.tenants.acme.cloudevents.searches.theirs.created'));
});
