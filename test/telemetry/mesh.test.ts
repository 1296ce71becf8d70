import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Campaign, CampaignServiceService, JobState } from '@nss/contracts';
import { writeImageFolder } from '@nss/datasets/testing';
import { type Mesh, startMesh } from '@nss/launcher';
import { connect } from '@nss/rpc';
import { prometheusName } from '@nss/runtime';
import { parseAllDocuments } from 'yaml';
import { allowedEdges } from '../k8s/edges.ts';
import type { Manifest } from '../k8s/kustomize.ts';
import { metrics } from './catalogues.ts';
import { type CollectedSpan, type Collector, startCollector } from './collector.ts';

/*
 * What the embedded mesh tells of a small campaign with all phases, from the command line that asks for it to the trainer's steps: its
 * spans go to a collector, its metrics are scraped.
 */

const root = join(import.meta.dirname, '../..');
let folder: string;
let collector: Collector;
let mesh: Mesh;
/** What Prometheus would have seen during the campaign and at its end. */
const scraped: string[] = [];
let last: Campaign | undefined;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nss-telemetry-'));
  collector = await startCollector();
  await writeImageFolder(join(folder, 'images'), { classes: ['daisy', 'iris'], imagesPerClass: 60 });
  Object.assign(process.env, collector.environment, { NSS_METRICS_LISTEN: '127.0.0.1:0' });
  const stateDir = join(folder, 'state');
  mesh = await startMesh({ stateDir, cacheDir: join(folder, 'cache'), trainers: 1 });
  await writeFile(
    join(folder, 'traced.yaml'),
    'name: traced\ndataset: { folder: images, split: { test: 0.25, seed: 3 } }\npreset: tiny\ntargets: [0.3MF]\noverrides: { search: { weights: { epochs: 20 } } }\n',
  );
  const urls = await metricsUrls(join(stateDir, 'logs'));
  const scrape = async () => {
    for (const url of urls) scraped.push(await (await fetch(url)).text());
  };
  await command(['campaign', 'create', 'traced.yaml', '--state-dir', stateDir]);
  const campaigns = connect(CampaignServiceService, mesh.addresses.spaceController);
  const running = () => last?.status?.endTime === undefined;
  // Gauges of a search are there while it runs: whoever waits for news of it may come late.
  const scraping = (async () => {
    do await scrape();
    while (running() && !scraped.slice(-5).join('\n').includes('nss_search_cost_deviation{'));
  })();
  for await (const { campaign } of campaigns.watchCampaign({ name: 'campaigns/traced', afterChange: 0 }))
    last = campaign;
  await scraping;
  assert.equal(last?.status?.state, JobState.SUCCEEDED, `${last?.status?.error?.message}`);
  // The controller acknowledges the campaign's message after it has stored the end.
  do await scrape();
  while (sumOf(/^nss_queue_messages\{.*queue="campaigns".*\} (\d+)$/gm) > 0);
  campaigns.close();
  // Services send their last spans when they end.
  await mesh.stop();
});

after(async () => {
  await mesh?.stop();
  await collector?.close();
  await rm(folder, { recursive: true, force: true });
});

/** Runs a command line as a process of its own, which has a trace. */
async function command(args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [join(root, 'libs/client/src/main.ts'), ...args], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const told = child.stderr.setEncoding('utf8').toArray();
  await once(child, 'exit');
  assert.equal(child.exitCode, 0, (await told).join(''));
}

async function metricsUrls(logs: string): Promise<string[]> {
  const urls: string[] = [];
  for (const file of await readdir(logs)) {
    const lines = (await readFile(join(logs, file), 'utf8')).split('\n');
    const line = lines.find((each) => each.includes('metrics are served'));
    if (line) urls.push(JSON.parse(line).url);
  }
  assert.equal(urls.length, 5);
  return urls;
}

/** Over all services, at the last scrape. */
const sumOf = (pattern: RegExp) =>
  [...scraped.slice(-5).join('\n').matchAll(pattern)].reduce((total, [, value]) => total + Number(value), 0);

const parents = () => new Map(collector.spans.map((span) => [span.spanId, span]));

test('who calls whom is what the network policies allow, no more and no less', async () => {
  const byId = parents();
  const edges = new Set(['nats -> nats:6222']);
  for (const { service, kind, parentSpanId } of collector.spans) {
    const caller = byId.get(parentSpanId ?? '');
    if (kind === 'producer') edges.add(`${service} -> nats:4222`);
    if (kind === 'server' && caller?.kind === 'client' && caller.service !== 'nss') {
      edges.add(`${caller.service} -> ${service}:7000`);
    }
  }
  const policies = parseAllDocuments(await readFile(join(root, 'k8s/base/network-policies.yaml'), 'utf8'));
  const allowed = allowedEdges(policies.map((document): Manifest => document.toJS()));
  assert.deepEqual([...edges].sort(), [...allowed].sort());
});

test('a campaign is one trace, from the command that asks for it to the steps of the trainer', () => {
  const byId = parents();
  const lineOf = (span: CollectedSpan): CollectedSpan[] => {
    const parent = byId.get(span.parentSpanId ?? '');
    return parent ? [...lineOf(parent), span] : [span];
  };
  const [command] = collector.spans.filter(({ name }) => name === 'nss campaign');
  const steps = collector.spans.filter(({ name }) => /^command (weightSteps|taskLosses|evaluate)$/.test(name));
  assert.deepEqual(
    new Set(steps.map(({ name }) => name.split(' ')[1])),
    new Set(['weightSteps', 'taskLosses', 'evaluate']),
  );
  for (const step of steps) {
    assert.equal(step.service, 'supernet-trainer');
    const line = lineOf(step);
    assert.equal(line[0], command, line.map(({ name }) => name).join(' > '));
    const jobs = line.filter(({ name }) => name === 'run job').map(({ attributes }) => attributes['nss.job']);
    assert.equal(jobs[0], 'campaigns/traced');
    assert.match(jobs[1], /^(warmups|searches|superNetworks|evaluations|nasRuns|trainings)\/traced-/);
  }
});

test('a job is linked to the message that gave it to its worker', () => {
  const byId = parents();
  const jobs = collector.spans.filter(({ name }) => name === 'run job');
  assert.ok(jobs.length >= 8);
  for (const { links, attributes } of jobs) {
    const [message] = links.map((id) => byId.get(id));
    assert.equal(message?.kind, 'consumer');
    const id = attributes['nss.job'].split('/')[1];
    assert.match(
      message.attributes['messaging.destination.name'],
      new RegExp(`^nss\\.v1\\.jobs\\..*${id}\\.requested$`),
    );
  }
});

test('every metric of the catalogues is served, with its description', () => {
  const all = scraped.join('\n');
  for (const metric of metrics) {
    const name = prometheusName(metric);
    const sample = metric.kind === 'histogram' ? `${name}_count` : name;
    assert.match(all, new RegExp(`^${sample}\\{[^}]*service_name="[a-z-]+"[^}]*\\} -?[0-9]`, 'm'), name);
    assert.ok(all.includes(`# HELP ${name} ${metric.description}`), name);
  }
});

test('the numbers are those of the campaign', () => {
  assert.equal(sumOf(/^nss_jobs_ended_total\{collection="campaigns",state="succeeded".*\} (\d+)$/gm), 1);
  assert.equal(sumOf(/^nss_jobs_ended_total\{.*state="failed".*\} (\d+)$/gm), 0);
  assert.equal(sumOf(/^nss_dead_letters\{.*\} (\d+)$/gm), 0);
  assert.ok(sumOf(/^nss_trainer_steps_total\{kind="theta".*\} (\d+)$/gm) > 0);
  const deviation = /^nss_search_cost_deviation\{nss_job="searches\/[^"]+",nss_tenant="default".*\} (\S+)$/gm;
  const deviations = [...scraped.join('\n').matchAll(deviation)];
  assert.ok(deviations.length > 0);
  for (const [, value] of deviations) assert.ok(Math.abs(Number(value)) < 10);
});
