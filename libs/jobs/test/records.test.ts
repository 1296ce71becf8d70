import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Bus, connectBus, ensureTopology, openStore, TEXT } from '@nss/bus';
import { startNatsServer, type TestNatsServer } from '@nss/bus/testing';
import { JobState, type Search } from '@nss/contracts';
import { NssError } from '@nss/rpc';
import { createLogger } from '@nss/runtime';
import { type Jobs, openJobs, runJobs, SEARCHES } from '../src/index.ts';

/* What one version has stored, the next one reads. The records below are what earlier versions wrote; they are never changed. */

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

/** A running search, as 0.1.0 stored it: no numbers of forms anywhere. */
const search010 =
  '0a0c73656172636865732f6f6c64120b210000000080843e4128071a6b0802123b0a09736561726368696e67110000000000004440190000000000005940220a697465726174696f6e7329000000000000f03f310000000000004e40220608808292c9062a0608818292c906421a63616d706169676e732f632f73656172636865732f6f6c642f31';
const claim010 = '{"worker":"host/7/2f1c","tries":2}';
const saved010 =
  '{"state":{"iteration":40,"checkpoint":{"checkpointId":"searches/old/40","digest":"SHA-256=","bytes":8}}}';

test('a job that version 0.1.0 was running when it stopped goes on from the state that it saved', async () => {
  const raw = await openStore(bus, 'nss-searches', TEXT_OF_HEX);
  const state = await openStore(bus, 'nss-job-state', TEXT);
  await raw.create('old', search010);
  await state.create('searches.old.claim', claim010);
  await state.create('searches.old.saved', saved010);
  const stop = new AbortController();
  const resumed = Promise.withResolvers<unknown>();
  const working = runJobs({
    jobs,
    run: async (job) => resumed.resolve(await job.loadState()),
    logger,
    signal: stop.signal,
  });
  assert.deepEqual(await resumed.promise, JSON.parse(saved010).state);
  let last: Search | undefined;
  for await (const { resource } of jobs.watch('searches/old', 0, stop.signal)) last = resource;
  stop.abort();
  await working;
  assert.equal(last?.status?.state, JobState.SUCCEEDED);
  assert.equal(last.spec?.seed, 7);
  assert.equal(last.spec.targetMultiplyAdds, 2_000_000);
  assert.equal(last.status.requestId, 'campaigns/c/searches/old/1');
  assert.equal(last.status.version, 1);
});

test('what a later version has stored is refused, not misread, and the error says what to do', async () => {
  const state = await openStore(bus, 'nss-job-state', TEXT);
  await jobs.create({ id: 'newer', requestId: 'newer', resource: SEARCHES.codec.fromPartial({}) });
  await state.put('searches.newer.claim', '{"version":2,"holder":{}}');
  const entry = await jobs.storage.resources.get('newer');
  assert.ok(entry);
  const raw = await openStore(bus, 'nss-searches', SEARCHES.codec);
  const { status } = entry.value;
  await raw.update('newer', { ...entry.value, status: status && { ...status, version: 2 } }, entry.revision);
  await assert.rejects(jobs.get('searches/newer'), (error) => {
    assert.ok(error instanceof NssError && error.reason === 'NEWER_RECORD');
    assert.match(error.message, /searches\/newer was stored in form 2 .* run that version again/);
    return true;
  });
  // Others are listed all the same.
  assert.deepEqual(
    (await jobs.list()).resources.map(({ name }) => name),
    ['searches/old'],
  );
});

const TEXT_OF_HEX = {
  encode: (hex: string) => ({ finish: () => new Uint8Array(Buffer.from(hex, 'hex')) }),
  decode: (bytes: Uint8Array) => Buffer.from(bytes).toString('hex'),
};
