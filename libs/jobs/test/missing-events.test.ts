import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Bus, connectBus, ensureTopology, storedEvents } from '@nss/bus';
import { startNatsServer, type TestNatsServer } from '@nss/bus/testing';
import { JobStatus, Search } from '@nss/contracts';
import { DEFAULT_TENANT } from '@nss/rpc';
import { createLogger } from '@nss/runtime';
import { type Jobs, openJobs, SEARCHES } from '../src/index.ts';
import { missingEvents } from '../src/missing-events.ts';
import { reconcile } from '../src/reconcile.ts';

/* What becomes of the event of a change whose process was killed after it was stored and before it was published. */

const logger = createLogger('test', { level: 'silent' });
let nats: TestNatsServer;
let bus: Bus;
let jobs: Jobs<Search>;

before(async () => {
  nats = await startNatsServer();
  bus = await connectBus({ url: nats.url, name: 'test', logger });
  await ensureTopology(bus);
  jobs = await openJobs(bus, SEARCHES);
});
after(async () => {
  await bus.close();
  await nats.stop();
});

const eventsOf = (id: string) => storedEvents(bus, DEFAULT_TENANT, 'searches', id);

/** Lets a process do something to a job, and kills it before it can publish what it has stored. */
async function dieAfter(deed: 'create' | 'start' | 'succeed' | 'cancel', id: string): Promise<void> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'dying-process.ts'), nats.url, deed, id], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  await Promise.race([once(child.stdout, 'data'), exited.then(() => assert.fail('it ended by itself'))]);
  child.kill('SIGKILL');
  await exited;
}

for (const [deed, participle] of [
  ['create', 'created'],
  ['start', 'started'],
  ['succeed', 'succeeded'],
  ['cancel', 'cancelled'],
] as const) {
  test(`the event that a job was ${participle} is published although the process that did it was killed before`, async () => {
    if (deed !== 'create') await jobs.create({ id: deed, resource: Search.fromPartial({}) });
    await dieAfter(deed, deed);
    assert.ok(!(await eventsOf(deed)).has(participle));
    const publishMissing = missingEvents(jobs.storage);
    // Whoever stored the change may live and be about to publish it.
    assert.deepEqual((await reconcile(jobs.storage, publishMissing)).published, []);
    const { published } = await reconcile(jobs.storage, publishMissing);
    // A job that was in no queue has been announced with that.
    if (deed !== 'create') assert.ok(published.includes(`${deed}.${participle}`));
    assert.ok((await eventsOf(deed)).has(participle));
    assert.deepEqual((await reconcile(jobs.storage, publishMissing)).published, []);
  });
}

test('events that are there are not published again, and those of long ago are not missed', async () => {
  await jobs.create({ id: 'told', resource: Search.fromPartial({}) });
  await jobs.cancel('searches/told');
  const longAgo = JobStatus.fromPartial({ createTime: new Date(Date.now() - 40 * 24 * 3_600_000) });
  await jobs.storage.resources.create('old', Search.fromPartial({ name: 'searches/old', status: longAgo }));
  const entries = (await jobs.storage.resources.list()).filter(({ key }) => ['told', 'old'].includes(key));
  assert.equal(entries.length, 2);
  const publishMissing = missingEvents(jobs.storage);
  for (let minute = 0; minute < 3; minute++) assert.deepEqual(await publishMissing(entries), []);
});
