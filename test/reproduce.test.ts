import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Bus, connectBus, ensureTopology } from '@nss/bus';
import { startNatsServer, type TestNatsServer } from '@nss/bus/testing';
import { experiments } from '@nss/experiments';
import { failedPrecondition } from '@nss/rpc';
import { createLogger } from '@nss/runtime';
import { run } from '../libs/client/test/run-cli.ts';
import { marksOf } from '../libs/experiments/test/picture.ts';
import { writeMeshFile } from '../libs/launcher/src/mesh-file.ts';
import { identify } from '../libs/launcher/src/process-identity.ts';
import { freeAddresses, type ServiceProcess, startService } from './mesh-processes.ts';
import { type AnalyticTrainerServer, startAnalyticTrainer } from './simulation/analytic-trainer.ts';

/*
 * Every experiment at the tiny preset, through a mesh of processes with a trainer that computes formulas in place of tensors.
 */

const logger = createLogger('test', { level: process.env.NSS_TEST_LOGS ? 'info' : 'silent' });
let folder: string;
let nats: TestNatsServer;
let bus: Bus;
let trainer: AnalyticTrainerServer;
const services: ServiceProcess[] = [];

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nss-reproduce-'));
  nats = await startNatsServer();
  bus = await connectBus({ url: nats.url, name: 'test', logger });
  await ensureTopology(bus);
  const [spaceController, flopsEstimator, evaluator, nasRunner] = await freeAddresses(4);
  const env = {
    NSS_NATS_URL: nats.url,
    NSS_SPACE_CONTROLLER_ADDRESS: spaceController,
    NSS_FLOPS_ESTIMATOR_ADDRESS: flopsEstimator,
    NSS_EVALUATOR_ADDRESS: evaluator,
    NSS_NAS_RUNNER_ADDRESS: nasRunner,
  };
  const starting = Object.entries({
    'space-controller': spaceController,
    'flops-estimator': flopsEstimator,
    evaluator,
    'nas-runner': nasRunner,
  }).map(([name, address]) => startService(name, address, env));
  for (const result of await Promise.allSettled(starting))
    if (result.status === 'fulfilled') services.push(result.value);
  await Promise.all(starting);
  trainer = await startAnalyticTrainer(bus, 'trainer-1', logger);
  const self = identify(process.pid);
  assert.ok(self);
  writeMeshFile(folder, {
    ...self,
    ready: true,
    detached: false,
    version: '0.1.0',
    startedAt: new Date().toISOString(),
    natsUrl: nats.url,
    addresses: { spaceController, flopsEstimator, evaluator, nasRunner, trainers: ['127.0.0.1:1'] },
    processes: [],
  });
});

after(async () => {
  await trainer?.close();
  await Promise.all(services.map((service) => service.stop()));
  await bus?.close();
  await nats?.stop();
  // NSS_TEST_KEEP leaves the pictures to be looked at.
  if (process.env.NSS_TEST_KEEP) process.stderr.write(`${folder}\n`);
  else await rm(folder, { recursive: true, force: true });
});

const nss = (args: string[], more: { signal?: AbortSignal; tty?: boolean } = {}) =>
  run([...args, '--state-dir', folder, '--out', 'out'], { cwd: folder, env: { NO_COLOR: '1' }, ...more });
const read = (file: string) => readFile(join(folder, 'out/tiny', file), 'utf8');

test('all experiments leave a table, data, a picture and findings', async () => {
  const { code, stdout, stderr } = await nss(['reproduce', 'all', '--preset', 'tiny', '--json']);
  assert.equal(code, 0, stderr);
  assert.match(stderr, new RegExp(`a mesh that stops with the command that started it \\(process ${process.pid}\\)`));
  const summary = JSON.parse(stdout);
  assert.deepEqual(
    summary.experiments.map(({ experiment }: { experiment: string }) => experiment),
    experiments.map(({ name }) => name),
  );
  for (const { experiment, findings, missing } of summary.experiments) {
    assert.deepEqual(missing, []);
    assert.ok(findings.length > 0, experiment);
    const svg = await read(`${experiment}.svg`);
    assert.match(svg, />preset tiny, cifar100?<\/text>/);
    assert.doesNotMatch(svg, /missing|NaN|undefined/);
    const [, ...rows] = (await read(`${experiment}.csv`)).trimEnd().split('\r\n');
    assert.ok(rows.length > 0 && rows.every((row) => !row.includes('NaN')), experiment);
    assert.ok(marksOf(svg, 'symbol', 'path') + marksOf(svg, 'line', 'path') > 0, experiment);
    assert.ok((await readFile(join(folder, `out/tiny/${experiment}.png`))).length > 10_000, experiment);
  }
});

test('the picture of figure 3 has a point for every network of its table, and names every set in its legend', async () => {
  const svg = await read('fig3.svg');
  const [, ...rows] = (await read('fig3.csv')).trimEnd().split('\r\n');
  const shown = rows.filter((row) => !row.includes('same-cost'));
  const legend = ['search space', 'Elite Space, 0.06 MF', 'Elite Space, 0.15 MF'];
  assert.equal(marksOf(svg, 'symbol', 'path'), shown.length + legend.length);
  for (const text of [
    ...legend,
    'cost (MF, million multiply-adds)',
    'error (% of images)',
    'seed 0',
    'seed 1',
    'seed 2',
  ]) {
    assert.ok(svg.includes(`>${text}</text>`), text);
  }
});

test('what is stored is not run again, and gives the same', async () => {
  const csv = await read('fig3.csv');
  trainer.log.length = 0;
  const { code, stderr } = await nss(['reproduce', 'fig3', 'baselines', '--preset', 'tiny']);
  assert.equal(code, 0, stderr);
  assert.deepEqual(trainer.log, []);
  assert.equal(await read('fig3.csv'), csv);
});

test('a job that fails is shown in the table, the picture and the exit code, and made again the next time', async () => {
  trainer.before = ({ $case }) => {
    if ($case === 'taskLosses') throw failedPrecondition('out of luck', { reason: 'OUT_OF_LUCK' });
  };
  const args = ['reproduce', 'fig3', '--preset', 'tiny', '--seeds', '7', '--targets', '0.15MF'];
  const { code, stdout, stderr } = await nss(args);
  assert.equal(code, 1);
  assert.match(stderr, /evaluation of the Elite Space, 0.15 MF, seed 7: missing: it needs "search, 0.15 MF, seed 7"/);
  assert.match(stdout, /out of luck/);
  assert.match(await read('fig3.svg'), /missing: evaluation of the Elite Space, 0\.15 MF, seed 7/);
  assert.match(await read('fig3.md'), /\*\*Missing\*\*[\s\S]*out of luck/);
  trainer.before = () => {};
  const again = await nss(args, { tty: true });
  assert.equal(again.code, 0, again.stderr);
  // On a terminal: a bar, and a line for each job that runs, drawn over as they go.
  assert.match(again.stderr, /0\/\d jobs {2}╌{24} {2}ETA \d/);
  assert.match(again.stderr, /search, 0\.15 MF, seed 7: done after 0:0\d\n/);
  assert.match(again.stderr, /\n {2}search, 0\.15 MF, seed 7 {2}waiting for a trainer/);
  assert.doesNotMatch(await read('fig3.svg'), /missing/);
});

test('Ctrl-C says what is stored and how to go on, and the next run goes on there', async () => {
  const stop = new AbortController();
  const held = Promise.withResolvers<void>();
  trainer.before = ({ $case }) => {
    if ($case !== 'taskLosses') return;
    stop.abort();
    return held.promise;
  };
  const args = ['reproduce', 'observations', '--preset', 'tiny', '--seeds', '8', '--targets', '0.15MF'];
  const { code, stderr } = await nss(args, { signal: stop.signal });
  assert.equal(code, 130);
  assert.match(stderr, /warmup, seed 8: done/);
  assert.match(
    stderr,
    /\nStopped\. \d+ results are stored in out\/results\. Go on with: nss reproduce observations --preset tiny --targets 0\.15MF --seeds 8 --out out --state-dir \S+\n$/,
  );
  // The mesh still works on it: the next run joins what is running, and makes no warmup again.
  trainer.before = () => {};
  trainer.log.length = 0;
  held.resolve();
  const again = await nss(args);
  assert.equal(again.code, 0, again.stderr);
  assert.ok(!trainer.log.includes('open'), 'no session was opened a second time');
});
