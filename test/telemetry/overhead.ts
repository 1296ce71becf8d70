import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bootstrapStatistic, mean } from '@nss/analysis';
import { type JobStatus, SearchServiceService } from '@nss/contracts';
import { writeImageFolder } from '@nss/datasets/testing';
import { type Mesh, readMesh, startMesh } from '@nss/launcher';
import { connect } from '@nss/rpc';
import { randomOf } from '@nss/space';
import { run } from '../../libs/client/test/run-cli.ts';
import { startCollector } from './collector.ts';

/*
 * What telemetry costs: the same short search, in turns on two meshes that stand side by side, one that tells nobody anything and one whose
 * spans go to a collector and whose metrics are scraped every second. Time is that of the search's lease; processor time is that of
 * all processes of the mesh, which other work on the machine disturbs less.
 *
 *   node scripts/run.mjs --with all -- test/telemetry/overhead.ts [pairs]
 */

const PAIRS = Number(process.argv[2] ?? 12);
const SCRAPE_EVERY_MS = 1_000;
const TICKS_A_SECOND = 100;

type Measured = { readonly seconds: number; readonly processorSeconds: number };

const folder = await mkdtemp(join(tmpdir(), 'nss-overhead-'));
const collector = await startCollector();
const meshes: Record<string, { mesh: Mesh; stateDir: string }> = {};
try {
  await writeImageFolder(join(folder, 'images'), { classes: ['daisy', 'iris', 'rose'], imagesPerClass: 120 });
  await start('off', {});
  await start('on', { ...collector.environment, NSS_METRICS_LISTEN: '127.0.0.1:0' });
  const scraping = setInterval(() => void scrape(), SCRAPE_EVERY_MS);
  // The first search of a mesh loads data and code.
  for (const kind of ['off', 'on']) await search(kind, 'warm-up');
  const pairs: Record<string, Measured>[] = [];
  for (let i = 0; i < PAIRS; i++) {
    const pair: Record<string, Measured> = {};
    for (const kind of i % 2 === 0 ? ['off', 'on'] : ['on', 'off']) pair[kind] = await search(kind, `pair-${i}`);
    pairs.push(pair);
    console.log(i, JSON.stringify(pair));
  }
  clearInterval(scraping);
  for (const what of ['seconds', 'processorSeconds'] as const) {
    const more = (units: readonly Record<string, Measured>[]) =>
      100 * (mean(units.map(({ on }) => on[what])) / mean(units.map(({ off }) => off[what])) - 1);
    const { estimate, low, high } = bootstrapStatistic(pairs, more, {
      random: randomOf(0, 'overhead'),
      resamples: 2_000,
    });
    const off = mean(pairs.map((pair) => pair.off[what])).toFixed(2);
    console.log(
      `${what}: ${off} without; with ${estimate.toFixed(2)} % more, 95% interval ${low.toFixed(2)} to ${high.toFixed(2)} %`,
    );
  }
  console.log(`${collector.spans.length} spans were collected`);
} finally {
  for (const { mesh } of Object.values(meshes)) await mesh.stop();
  await collector.close();
  await rm(folder, { recursive: true, force: true });
}

async function start(kind: string, environment: Record<string, string>): Promise<void> {
  Object.assign(process.env, environment);
  const stateDir = join(folder, kind);
  meshes[kind] = { stateDir, mesh: await startMesh({ stateDir, cacheDir: join(folder, 'cache'), trainers: 1 }) };
  for (const name of Object.keys(environment)) delete process.env[name];
}

async function scrape(): Promise<void> {
  const { processes = [] } = readMesh(meshes.on.stateDir) ?? {};
  for (const { logFile } of processes) {
    const url = /"url":"([^"]+)","msg":"metrics are served"/.exec(await readFile(logFile, 'utf8'))?.[1];
    if (url) await (await fetch(url)).text();
  }
}

/** Runs the search on a mesh. */
async function search(kind: string, name: string): Promise<Measured> {
  const { mesh, stateDir } = meshes[kind];
  await writeFile(join(folder, `${name}.yaml`), campaign(name));
  const before = await processorSeconds(stateDir);
  const { code, stderr } = await run(['campaign', 'run', `${name}.yaml`, '--state-dir', stateDir], { cwd: folder });
  if (code !== 0) throw new Error(stderr);
  const used = (await processorSeconds(stateDir)) - before;
  const searches = connect(SearchServiceService, mesh.addresses.spaceController);
  const { searches: found } = await searches.listSearches({ pageSize: 1_000, pageToken: '' });
  searches.close();
  const status = found.find((each) => each.name.startsWith(`searches/${name}-`))?.status;
  if (!status) throw new Error(`the search of ${name} is not there`);
  return { seconds: leaseSeconds(status), processorSeconds: used };
}

function leaseSeconds({ trainerUses: [use] }: JobStatus): number {
  if (!use?.startTime || !use.endTime) throw new Error('the search had no trainer');
  return (use.endTime.getTime() - use.startTime.getTime()) / 1_000;
}

/** Processor time of all processes of a mesh so far. */
async function processorSeconds(stateDir: string): Promise<number> {
  const { processes = [] } = readMesh(stateDir) ?? {};
  let ticks = 0;
  for (const { pid } of processes) {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // From the state on, which follows the name in brackets: utime and stime are fields 14 and 15 (proc(5)).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    ticks += Number(fields[11]) + Number(fields[12]);
  }
  return ticks / TICKS_A_SECOND;
}

function campaign(name: string): string {
  const stage = (stride: number) =>
    `{ stride: ${stride}, depth: { min: 1, max: 3 }, width: { min: 9, max: 32 }, depthBinSize: 1, widthBinSize: 8 }`;
  return `name: ${name}
dataset: { folder: images, split: { test: 0.25, seed: 3 } }
preset: tiny
targets: [3MF]
phases: [search]
overrides:
  search: { weights: { epochs: 60 } }
  searchSpace: { stemWidth: 8, stages: [${stage(1)}, ${stage(2)}, ${stage(2)}] }
`;
}
