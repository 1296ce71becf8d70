import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  type Bus,
  connectBus,
  consume,
  ensureQueue,
  ensureTopology,
  jobQueue,
  jobSubject,
  publish,
  publishOnce,
} from '@nss/bus';
import { startNatsServer, type TestNatsServer } from '@nss/bus/testing';
import { DeadLetterServiceService } from '@nss/contracts';
import { DEFAULT_TENANT, type RunningServer, service, startServer, storedId } from '@nss/rpc';
import { createLogger } from '@nss/runtime';
import { run } from '../libs/client/test/run-cli.ts';
import { deadLetterService } from '../services/space-controller/src/dead-letters.ts';

/* From a message that nobody can handle to the command that sends it again: queue, API and command line. */

const logger = createLogger('test', { level: 'silent' });
const queue = jobQueue('searches');
let nats: TestNatsServer;
let bus: Bus;
let server: RunningServer;

before(async () => {
  nats = await startNatsServer();
  bus = await connectBus({ url: nats.url, name: 'test', logger });
  await ensureTopology(bus);
  await ensureQueue(bus, queue);
  const services = [service(DeadLetterServiceService, deadLetterService(bus))];
  server = await startServer({ listen: '127.0.0.1:0', services, logger });
});
after(async () => {
  await server.close(0);
  await bus.close();
  await nats.stop();
});

const nss = (...args: string[]) => run(['dead-letters', ...args, '--address', server.address]);
const listed = async () => JSON.parse((await nss('list', '--json')).stdout) as { number: string; job?: string }[];

/** Publishes the work of a job, and makes it a dead letter. */
async function bury(id: string, reason: string): Promise<void> {
  await publishOnce(bus, jobSubject('searches', id), new TextEncoder().encode(`searches/${id}`));
  await handled(async () => ({ deadLetter: reason }));
}

/** Handles one message of the queue, and gives its subject. */
async function handled(verdict: () => Promise<{ deadLetter: string } | 'ack'>): Promise<string> {
  const stop = new AbortController();
  let seen = '';
  await consume(
    bus,
    queue,
    async ({ subject }) => {
      seen = subject;
      const settled = await verdict();
      stop.abort();
      return settled;
    },
    { signal: stop.signal },
  );
  return seen;
}

test('where there are none, the list says so', async () => {
  assert.deepEqual(await nss('list'), { code: 0, stdout: 'There are no dead letters.\n', stderr: '' });
});

test('dead letters are listed with job and reason, sent again by number, and dropped', async () => {
  await bury('first', 'NEWER_RECORD: the resource was stored by a later version');
  await bury('second', 'the name cannot be read');
  const { code, stdout } = await nss('list');
  assert.equal(code, 0);
  const [title, ...rows] = stdout.trimEnd().split('\n');
  assert.match(title, /^NUMBER +MESSAGE +AGE +TRIES +REASON$/);
  assert.equal(rows.length, 2);
  assert.match(rows[0], /searches\/first .* 1 +NEWER_RECORD: the resource was stored by a later version$/);
  assert.match(rows[1], /searches\/second .* 1 +the name cannot be read$/);

  const [first, second] = (await listed()).map(({ number }) => number);
  const resent = await nss('resend', first);
  assert.equal(resent.stdout, `Dead letter ${first} (searches/first) is in its queue again.\n`);
  assert.equal(await handled(async () => 'ack'), jobSubject('searches', 'first'));
  assert.equal((await nss('drop', second)).stdout, `Dead letter ${second} (searches/second) is deleted.\n`);
  assert.deepEqual(await listed(), []);

  const gone = await nss('resend', first);
  assert.equal(gone.code, 1);
  assert.match(gone.stderr, /there is no deadLetters\//);
  assert.equal((await nss('drop', 'all')).code, 2);
});

test('a job that waits in its queue again is not queued twice when its dead letter is sent again', async () => {
  await bury('twice', 'broken');
  const [{ number }] = await listed();
  await publishOnce(bus, jobSubject('searches', 'twice'), new TextEncoder().encode('searches/twice'));
  assert.equal((await nss('resend', number)).code, 0);
  assert.deepEqual(await listed(), []);
  assert.equal(await handled(async () => 'ack'), jobSubject('searches', 'twice'));
});

test('a tenant sees the dead letters of its own jobs, page by page, and can touch no other', async () => {
  await bury(storedId('acme', 'theirs'), 'broken');
  await bury(storedId('acme', 'more'), 'broken');
  await bury('ours', 'broken');
  // Subjects that nobody of the mesh makes hide nothing.
  await publish(bus, 'nss.v1.dead.NSS_JOBS', new Uint8Array());
  const handlers = deadLetterService(bus);
  const as = (tenant: string) => ({ caller: { tenant } }) as never;
  const page = await handlers.listDeadLetters({ pageSize: 1, pageToken: '' }, as('acme'));
  assert.deepEqual(
    page.deadLetters.map(({ job }) => job),
    ['searches/theirs'],
  );
  const next = await handlers.listDeadLetters({ pageSize: 1, pageToken: page.nextPageToken }, as('acme'));
  assert.deepEqual([next.deadLetters.map(({ job }) => job), next.nextPageToken], [['searches/more'], '']);
  const ours = await handlers.listDeadLetters({ pageSize: 0, pageToken: '' }, as(DEFAULT_TENANT));
  assert.deepEqual(
    ours.deadLetters.map(({ job }) => job),
    ['searches/ours', ''],
  );
  const { number } = page.deadLetters[0];
  await assert.rejects(handlers.dropDeadLetter({ number }, as(DEFAULT_TENANT)), { codeName: 'NOT_FOUND' });
  await assert.rejects(handlers.resendDeadLetter({ number }, as('another')), { codeName: 'NOT_FOUND' });
  for (const request of [
    { pageSize: 0, pageToken: 'x' },
    { pageSize: -1, pageToken: '' },
  ]) {
    await assert.rejects(handlers.listDeadLetters(request, as('acme')), { codeName: 'INVALID_ARGUMENT' });
  }
});
