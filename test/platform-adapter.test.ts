import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { type Campaign, CampaignServiceService, JobState } from '@nss/contracts';
import { writeSyntheticMirror } from '@nss/datasets/testing';
import { startMesh } from '@nss/launcher';
import { connect } from '@nss/rpc';
import { containsArchitecture, countArchitectures, parseArchitecture, parseSpace } from '@nss/space';
import { freeAddresses, startService } from './mesh-processes.ts';
import { pythonWith } from './python-environment.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..');
const folder = await mkdtemp(join(tmpdir(), 'nss-platforms-'));
const generated = join(folder, 'generated');

const python = await pythonWith('grpcio', 'grpcio-tools');
await generatePython();
process.env.NSS_DATASET_MIRROR = await writeSyntheticMirror(folder);
const mesh = await startMesh({ stateDir: join(folder, 'state'), cacheDir: join(folder, 'cache'), trainers: 1 });
const campaigns = connect(CampaignServiceService, mesh.addresses.spaceController);
after(async () => {
  campaigns.close();
  await mesh.stop();
  await rm(folder, { recursive: true, force: true });
});

const [address] = await freeAddresses(1);
const startAdapter = () =>
  startService('platform-adapter', address, {
    NSS_SPACE_CONTROLLER_ADDRESS: mesh.addresses.spaceController,
    NSS_INSECURE: 'loopback',
  });

/** The parameters of the preset `tiny`. */
const parameters = Object.fromEntries(
  [1, 2, 3].flatMap((stage) => [
    [`depth${stage}`, [1, 2]],
    [`width${stage}`, [1, 8]],
  ]),
);

test('an Experiment of 30 trials gets 30 architectures of an Elite Space, whatever becomes of the adapter', async () => {
  const state = await newExperiment('resnets', 'nss', { preset: 'tiny', dataset: 'cifar10', target: '0.5MF' });
  let adapter = await startAdapter();
  const first = await drive(state, 30);
  assert.equal(first.health, 'SERVING');
  // Katib asks again later.
  assert.equal(first.code, 'UNAVAILABLE', first.message);
  assert.match(first.message, /^campaigns\/katib-resnets-[0-9a-f]{8} is searching/);
  const [{ name }] = (await campaigns.listCampaigns({ pageSize: 0, pageToken: '' })).campaigns;
  const campaign = await endOf(name);
  assert.equal(campaign.status?.state, JobState.SUCCEEDED);

  for (const trials of [10, 20, 30]) {
    const went = await drive(state, trials);
    assert.equal(went.code, undefined, went.message);
    await adapter.kill();
    adapter = await startAdapter();
  }
  await adapter.stop();

  const { suggestions, settings_of_suggestion } = await read(state);
  const space = parseSpace(campaign.eliteSpaces[0].text);
  assert.equal(settings_of_suggestion.space, campaign.eliteSpaces[0].text);
  assert.ok(countArchitectures(space) >= 30);
  assert.equal(new Set(suggestions.map(textOf)).size, 30);
  for (const suggestion of suggestions) assertInside(suggestion, campaign.eliteSpaces[0].text);
});

test('a campaign that is over gives its Elite Space to other Experiments; what failed in it does not come again', async () => {
  const [{ name, eliteSpaces }] = (await campaigns.listCampaigns({ pageSize: 0, pageToken: '' })).campaigns;
  const adapter = await startAdapter();
  const state = await newExperiment('others', 'elite-space', { campaign: name });
  // 64 architectures: the last trials take those that came before.
  const went = await drive(state, 72);
  assert.equal(went.code, undefined, went.message);
  const { suggestions } = await read(state);
  const texts = suggestions.map(textOf);
  assert.equal(countArchitectures(parseSpace(eliteSpaces[0].text)), 64);
  assert.equal(new Set(texts).size, 64);
  const failed = texts.filter((_, i) => i % 5 === 4 && i < 60);
  for (const text of failed) assert.equal(texts.filter((other) => other === text).length, 1);

  const refused = await drive(await newExperiment('wrong', 'elite-space', { campaign: 'nobodys' }), 3);
  assert.equal(refused.code, 'INVALID_ARGUMENT');
  assert.match(refused.message, /there is no campaigns\/nobodys/);
  await adapter.stop();
});

test('a study of Vizier gets architectures of a search that it waits for, from the adapter of the command line', async () => {
  const command = [join(root, 'libs/client/src/main.ts'), 'platform-adapter'];
  const options = ['--listen', address, '--state-dir', join(folder, 'state')];
  const nss = spawn(process.execPath, [...command, ...options], { stdio: 'ignore' });
  const exited = once(nss, 'exit');
  const study = join(folder, 'study.json');
  const settings = { preset: 'tiny', dataset: 'cifar10', target: '0.3MF', seed: '1' };
  await writeFile(study, JSON.stringify({ name: 'owners/me/studies/nets', algorithm: 'nss', settings, parameters }));
  const result = await runPython('vizier_study.py', address, study);
  assert.equal(new Set(result.trials.map(textOf)).size, 9);
  for (const trial of result.trials as Values[]) assertInside(trial, result.space);
  assert.deepEqual(result.stopped, { 1: false, 2: false });
  assert.equal(result.refused.code, 'INVALID_ARGUMENT');
  assert.match(result.refused.message, /parameters\.dropout/);
  nss.kill('SIGINT');
  assert.deepEqual(await exited, [130, null]);
});

type Values = Record<string, string | number>;

const textOf = (values: Values) => [1, 2, 3].map((i) => `${values[`depth${i}`]}x${values[`width${i}`]}`).join('-');

function assertInside(values: Values, space: string): void {
  assert.ok(
    containsArchitecture(parseSpace(space), parseArchitecture(textOf(values))),
    `${textOf(values)} in ${space}`,
  );
}

/** What Katib keeps of an Experiment, as a file. */
async function newExperiment(name: string, algorithm: string, settings: Record<string, string>): Promise<string> {
  const file = join(folder, `${name}.json`);
  await writeFile(
    file,
    JSON.stringify({ name, algorithm, settings, parameters, suggestions: [], settings_of_suggestion: {} }),
  );
  return file;
}

async function read(file: string): Promise<{ suggestions: Values[]; settings_of_suggestion: Values }> {
  return JSON.parse(await readFile(file, 'utf8'));
}

const drive = (state: string, trials: number) => runPython('katib_experiment.py', address, state, String(trials));

async function runPython(script: string, ...args: string[]) {
  const env = { ...process.env, PYTHONPATH: generated };
  const { stdout } = await run(python, [join(root, 'test/python', script), ...args], { env, timeout: 300_000 });
  return JSON.parse(stdout);
}

async function endOf(name: string): Promise<Campaign> {
  let ended: Campaign | undefined;
  for await (const { campaign } of campaigns.watchCampaign({ name, afterChange: 0 })) ended = campaign;
  assert.ok(ended);
  return ended;
}

/** Modules of the platforms' contracts, and of the health service. */
async function generatePython(): Promise<void> {
  await mkdir(generated);
  const folders = [join(root, 'proto'), join(root, 'node_modules/grpc-health-check/proto')];
  const outputs = [`--python_out=${generated}`, `--grpc_python_out=${generated}`];
  const files = ['katib/api.proto', 'vizier/pythia_service.proto', 'health/v1/health.proto'];
  await run(python, ['-m', 'grpc_tools.protoc', ...folders.map((each) => `-I${each}`), ...outputs, ...files]);
}
