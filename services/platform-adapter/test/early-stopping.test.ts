import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { katib } from '@nss/contracts';
import { createPki, pkiFiles } from '@nss/pki';
import { connect, NssError, service, startServer } from '@nss/rpc';
import { createLogger } from '@nss/runtime';
import { type Cluster, clusterOf } from '../src/cluster.ts';
import { earlyStoppingService } from '../src/early-stopping.ts';

const logger = createLogger('platform-adapter', { level: 'silent' });
const serve = (...services: ReturnType<typeof service>[]) => startServer({ listen: '127.0.0.1:0', services, logger });

/** What trials measured, in Katib's store. */
const measured: Record<string, string[]> = {
  a: ['0.9', '0.7', '0.1'],
  b: ['0.6', '0.4', '0.1'],
  c: ['0.5', '0.5', '0.1'],
  d: ['0.2', 'nan'],
  silent: [],
  running: ['0.0', '0.0'],
};
const dbManager = await serve(
  service(katib.DBManagerService, {
    async getObservationLog({ trialName, metricName }) {
      const metricLogs = measured[trialName].map((value) => ({ timeStamp: '', metric: { name: metricName, value } }));
      return { observationLog: { metricLogs } };
    },
  }),
);

const folder = await mkdtemp(join(tmpdir(), 'nss-cluster-'));
await createPki(join(folder, 'pki'));
const { ca, certificate, key } = pkiFiles(join(folder, 'pki'), 'client');
await writeFile(join(folder, 'ca.crt'), await readFile(ca));
await writeFile(join(folder, 'token'), 'a-token\n');
await writeFile(join(folder, 'namespace'), 'kubeflow-user');

/** An API server that knows one trial. */
const patches: { url?: string; authorization?: string; contentType?: string; body: unknown }[] = [];
const api = createServer({ key: await readFile(key), cert: await readFile(certificate) }, async (request, response) => {
  const { authorization, 'content-type': contentType } = request.headers;
  patches.push({ url: request.url, authorization, contentType, body: JSON.parse(await text(request)) });
  response.writeHead(request.url?.includes('/known/') ? 200 : request.url?.includes('/secret/') ? 403 : 404).end('{}');
}).listen(0, '127.0.0.1');
await once(api, 'listening');
const cluster: Cluster = { url: `https://127.0.0.1:${(api.address() as AddressInfo).port}`, accountFolder: folder };

const server = await serve(service(katib.EarlyStoppingService, earlyStoppingService(cluster)));
const client = connect(katib.EarlyStoppingService, server.address);
after(async () => {
  client.close();
  api.close();
  await Promise.all([server.close(0), dbManager.close(0)]);
  await rm(folder, { recursive: true });
});

const { SUCCEEDED, RUNNING } = katib.TrialStatusTrialConditionType;
const trial = (name: string, condition: katib.TrialStatusTrialConditionType = SUCCEEDED) =>
  katib.Trial.create({ name, status: katib.TrialStatus.create({ condition }) });
const earlyStopping = (settings: Record<string, string>, algorithmName = 'medianstop') => ({
  algorithmName,
  algorithmSettings: Object.entries(settings).map(([name, value]) => ({ name, value })),
});

async function rulesOf(trials: katib.Trial[], type: katib.ObjectiveType, settings: Record<string, string>) {
  const objective = { type, goal: 0, objectiveMetricName: 'error', additionalMetricNames: [] };
  const spec = katib.ExperimentSpec.create({ objective, earlyStopping: earlyStopping(settings) });
  const experiment = { name: 'nets', spec };
  const request = { experiment, trials, dbManagerAddress: dbManager.address };
  return (await client.getEarlyStoppingRules(request)).earlyStoppingRules;
}

test('a trial stops when it is worse than the median of what the others measured at first', async () => {
  const trials = ['a', 'b', 'c', 'd', 'silent'].map((name) => trial(name));
  const settings = { start_step: '2' };
  // First means: 0.8, 0.5, 0.5, 0.2; the trial that runs does not count.
  const rules = await rulesOf([...trials, trial('running', RUNNING)], katib.ObjectiveType.MINIMIZE, settings);
  assert.deepEqual(rules, [{ name: 'error', value: '0.5', comparison: 'GREATER', startStep: 2 }]);
  const [{ comparison }] = await rulesOf(trials, katib.ObjectiveType.MAXIMIZE, settings);
  assert.equal(comparison, 'LESS');
});

test('no trial stops before enough of them have succeeded and measured something', async () => {
  const { MINIMIZE } = katib.ObjectiveType;
  assert.deepEqual(await rulesOf([trial('a'), trial('b'), trial('running', RUNNING)], MINIMIZE, {}), []);
  assert.deepEqual(await rulesOf([trial('a'), trial('b'), trial('silent')], MINIMIZE, {}), []);
  assert.equal((await rulesOf([trial('a')], MINIMIZE, { min_trials_required: '1' })).length, 1);
});

test('settings of early stopping are those of medianstop', async () => {
  await client.validateEarlyStoppingSettings({ earlyStopping: earlyStopping({ start_step: '1' }) });
  const wrong = earlyStopping({ start_step: '0', patience: '3' }, 'hyperband');
  await assert.rejects(
    client.validateEarlyStoppingSettings({ earlyStopping: wrong }),
    (error) => error instanceof NssError && error.codeName === 'INVALID_ARGUMENT' && error.fieldViolations.length === 3,
  );
});

test('a stopped trial is marked in the cluster, in the namespace of the pod and with its token', async () => {
  await client.setTrialStatus({ trialName: 'known' });
  const [{ url, authorization, contentType, body }] = patches;
  assert.equal(url, '/apis/kubeflow.org/v1beta1/namespaces/kubeflow-user/trials/known/status');
  assert.equal(authorization, 'Bearer a-token');
  assert.equal(contentType, 'application/json-patch+json');
  const [{ op, path, value }] = body as [{ op: string; path: string; value: Record<string, string> }];
  assert.deepEqual([op, path, value.type, value.status], ['add', '/status/conditions/-', 'EarlyStopped', 'True']);
});

test('what keeps a trial from being marked is told', async () => {
  const codeOf = (trialName: string) => client.setTrialStatus({ trialName }).catch((error: NssError) => error.codeName);
  assert.equal(await codeOf('unknown'), 'NOT_FOUND');
  assert.equal(await codeOf('secret'), 'FAILED_PRECONDITION');
  assert.equal(await codeOf(''), 'INVALID_ARGUMENT');
});

test('the cluster is the one that Kubernetes tells the pod of', () => {
  assert.equal(clusterOf({}), undefined);
  const env = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' };
  assert.equal(clusterOf(env)?.url, 'https://[fd00::1]:443');
});
