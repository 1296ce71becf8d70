import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { connectNss, followCampaign } from '../src/index.ts';
import { type FakeMesh, refusedId, seedOf, startFakeMesh } from './fake-mesh.ts';
import { folderWith, run } from './run-cli.ts';

const file = (seed = 0, name = 'mine') =>
  `name: ${name}\ndataset: cifar10\npreset: small\ntargets: [2MF, 8MF]\nseeds: [${seed}]\n`;

async function start(t: TestContext) {
  const mesh = await startFakeMesh(t);
  const cwd = folderWith(t, {
    'mine.yaml': file(),
    'forever.yaml': file(seedOf.runsForever, 'forever'),
    'failing.yaml': file(seedOf.fails, 'failing'),
  });
  return { mesh, cwd, nss: (...args: string[]) => run([...args, '--address', mesh.address], { cwd }) };
}

test('campaign run goes from the file to the report', async (t) => {
  const { nss, cwd } = await start(t);
  const { code, stdout, stderr } = await nss('campaign', 'run', 'mine.yaml');
  assert.equal(code, 0);
  assert.equal(
    stderr,
    `Campaign mine: cifar10, preset small, 2 targets, seed 0
search: 25 %, 0/2 jobs, ETA 1:20
search: succeeded, 2/2 jobs
report: succeeded, 2/2 jobs
`,
  );
  assert.equal(
    stdout,
    `
Campaign mine succeeded after 4:12.

TARGET  SEED  ELITE SPACE                          MEAN COST  FROM TARGET  WITHIN 10 %
  2 MF     0  1..1x13..16-2..2x21..24-4..4x33..36    2.02 MF       +1.0 %         50 %
  8 MF     0  1..1x13..16-2..2x21..24-4..4x33..36    8.08 MF       +1.0 %         50 %

Report: runs/mine/report.html
Also in runs/mine/: table.csv
`,
  );
  assert.deepEqual(readdirSync(join(cwd, 'runs/mine')).sort(), ['report.html', 'table.csv']);
  assert.equal(readFileSync(join(cwd, 'runs/mine/report.html'), 'utf8'), 'content of campaigns/mine/report.html');
});

test('campaign run again is a campaign of its own, in a folder of its own', async (t) => {
  const { nss, cwd } = await start(t);
  await nss('campaign', 'run', 'mine.yaml');
  const { code, stderr } = await nss('campaign', 'run', 'mine.yaml');
  assert.equal(code, 0);
  assert.match(stderr, /^Campaign mine exists already: this one is mine-2\.$/m);
  assert.deepEqual(readdirSync(join(cwd, 'runs')).sort(), ['mine', 'mine-2']);
});

test('quickstart again replaces its report', async (t) => {
  const { nss, cwd } = await start(t);
  assert.equal((await nss('quickstart')).code, 0);
  assert.equal((await nss('quickstart')).code, 0);
  assert.deepEqual(readdirSync(join(cwd, 'runs')), ['quickstart']);
  const report = readFileSync(join(cwd, 'runs/quickstart/report.html'), 'utf8');
  assert.equal(report, 'content of campaigns/quickstart-2/report.html');
});

test('campaign run --json gives one JSON document on stdout', async (t) => {
  const { nss } = await start(t);
  const { stdout } = await nss('campaign', 'run', 'mine.yaml', '--json');
  const { campaign, folder, files } = JSON.parse(stdout);
  assert.equal(campaign.status.state, 'JOB_STATE_SUCCEEDED');
  assert.deepEqual([folder, files], ['runs/mine', ['report.html', 'table.csv']]);
});

test('campaign run joins the campaign of the same file that still runs', async (t) => {
  const { nss, cwd, mesh } = await start(t);
  await nss('campaign', 'create', 'forever.yaml');
  const interrupt = new AbortController();
  const running = run(['campaign', 'run', 'forever.yaml', '--address', mesh.address], {
    cwd,
    signal: interrupt.signal,
  });
  await watched(mesh);
  interrupt.abort();
  const { code, stderr } = await running;
  assert.equal(code, 130);
  assert.match(stderr, /^Campaign forever is running already: joining it\.$/m);
  assert.match(stderr, /Watch it with: nss campaign watch forever\n$/);
});

test('a campaign that fails gives exit code 1 and says why', async (t) => {
  const { nss } = await start(t);
  const { code, stderr } = await nss('campaign', 'run', 'failing.yaml');
  assert.equal(code, 1);
  assert.match(
    stderr,
    /\nnss: campaign failing failed: the budget of 1 trainer hour is used up \(BUDGET_EXHAUSTED\)\n$/,
  );
});

test('campaign create leaves the campaign to the mesh, and refuses an id that is taken', async (t) => {
  const { nss } = await start(t);
  const first = await nss('campaign', 'create', 'mine.yaml');
  assert.deepEqual([first.code, first.stdout], [0, 'campaigns/mine created\n']);
  const second = await nss('campaign', 'create', 'mine.yaml');
  assert.equal(second.code, 1);
  assert.match(
    second.stderr,
    /^nss: campaign mine exists already\n.*\n.*nss campaign create mine\.yaml --id mine-2\n$/,
  );
  assert.equal((await nss('campaign', 'create', 'mine.yaml', '--id', 'other')).stdout, 'campaigns/other created\n');
});

test('campaign list reads every page, newest first', async (t) => {
  const { nss } = await start(t);
  for (const id of ['a', 'b', 'c', 'd', 'e']) await nss('campaign', 'create', 'mine.yaml', '--id', id);
  const { stdout } = await nss('campaign', 'list');
  assert.deepEqual(
    stdout.split('\n').map((line) => line.split(' ')[0]),
    ['CAMPAIGN', 'e', 'd', 'c', 'b', 'a', ''],
  );
  const listed: { name: string }[] = JSON.parse((await nss('campaign', 'list', '--json', '--limit', '3')).stdout);
  assert.deepEqual(
    listed.map(({ name }) => name),
    ['campaigns/e', 'campaigns/d', 'campaigns/c'],
  );
});

test('campaign get shows state, phases and Elite Spaces, and what to do next', async (t) => {
  const { nss } = await start(t);
  await nss('campaign', 'create', 'mine.yaml');
  const { stdout, stderr } = await nss('campaign', 'get', 'campaigns/mine');
  assert.match(stdout, /^State: +succeeded$/m);
  assert.match(stdout, /^Took: +4:12$/m);
  assert.match(stdout, /^search +succeeded +2\/2 +100 %$/m);
  assert.match(stdout, /^ +8 MF +0 +1\.\.1x13/m);
  assert.match(stderr, /nss campaign report mine/);
  const { spec } = JSON.parse((await nss('campaign', 'get', 'mine', '--json')).stdout);
  assert.deepEqual(spec.targetsMultiplyAdds, [2e6, 8e6]);
});

test('campaign watch --json gives a line a change', async (t) => {
  const { nss } = await start(t);
  await nss('campaign', 'create', 'mine.yaml');
  const { code, stdout } = await nss('campaign', 'watch', 'mine', '--json');
  const states = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).status.state);
  assert.equal(code, 0);
  assert.deepEqual(states, ['JOB_STATE_PENDING', 'JOB_STATE_RUNNING', 'JOB_STATE_SUCCEEDED']);
});

test('campaign cancel says what has become of the campaign', async (t) => {
  const { nss } = await start(t);
  await nss('campaign', 'create', 'forever.yaml');
  assert.equal((await nss('campaign', 'cancel', 'forever')).stdout, 'campaigns/forever cancelled\n');
  const { code, stderr } = await nss('campaign', 'watch', 'forever');
  assert.equal(code, 1);
  assert.match(stderr, /nss: campaign forever cancelled\n$/);
});

test('campaign report writes the artifacts into the folder asked for', async (t) => {
  const { nss, cwd } = await start(t);
  await nss('campaign', 'create', 'mine.yaml');
  const { stdout } = await nss('campaign', 'report', 'mine', '--out', 'a/b');
  assert.equal(stdout, 'a/b/report.html\na/b/table.csv\n');
  assert.deepEqual(readdirSync(join(cwd, 'a/b')).sort(), ['report.html', 'table.csv']);
});

test('campaign report of a campaign that has none says so', async (t) => {
  const { nss } = await start(t);
  await nss('campaign', 'create', 'forever.yaml');
  const { code, stderr } = await nss('campaign', 'report', 'forever');
  assert.equal(code, 1);
  assert.match(stderr, /campaign forever \(running\) has no report\nWatch it with: nss campaign watch forever\n/);
});

test('status shows the campaigns that run', async (t) => {
  const { nss } = await start(t);
  await nss('campaign', 'create', 'mine.yaml');
  assert.match((await nss('status')).stdout, /^No campaign is running\.$/m);
  await nss('campaign', 'create', 'forever.yaml');
  const { stdout } = await nss('status');
  assert.match(stdout, /^forever +running +search 25 % +cifar10 +small +2 MF, 8 MF/m);
  assert.doesNotMatch(stdout, /^mine/m);
});

test('what the mesh refuses comes field by field, exit code 2', async (t) => {
  const { nss } = await start(t);
  const { code, stderr } = await nss('campaign', 'create', 'mine.yaml', '--id', refusedId);
  assert.equal(code, 2);
  assert.equal(
    stderr,
    `nss: the mesh refused what was asked:
  campaign.spec.dataset: expected something else
  campaign.spec.seeds[0]: expected another one
`,
  );
});

test('an error comes without its stack, unless NSS_DEBUG asks for it', async (t) => {
  const { mesh } = await start(t);
  const { code, stderr } = await run(['campaign', 'get', 'nothing', '--address', mesh.address]);
  assert.equal(code, 1);
  assert.equal(stderr, 'nss: there is no campaigns/nothing\nSee what there is with: nss campaign list\n');
  const debug = await run(['campaign', 'get', 'nothing', '--address', mesh.address], { env: { NSS_DEBUG: '1' } });
  assert.match(debug.stderr, /^ {4}at /m);
});

test('a watch that breaks goes on after the last change seen', async (t) => {
  const { nss, mesh } = await start(t);
  await nss('campaign', 'create', 'mine.yaml');
  const client = connectNss({ address: mesh.address });
  t.after(() => client.close());
  mesh.breakNextWatch();
  const states: unknown[] = [];
  for await (const { status } of followCampaign(client, 'campaigns/mine', { backoffMs: 1 })) states.push(status?.state);
  assert.deepEqual(states, ['JOB_STATE_PENDING', 'JOB_STATE_RUNNING', 'JOB_STATE_SUCCEEDED']);
  assert.deepEqual(mesh.watchedAfter, [0, 1]);
});

test('a mesh that stays away ends the watch with its error', async () => {
  const client = connectNss({ address: '127.0.0.1:9' });
  const follow = followCampaign(client, 'campaigns/mine', { backoffMs: 1, patienceMs: 2 });
  await assert.rejects(follow.next(), { codeName: 'UNAVAILABLE' });
  client.close();
});

test('on a terminal the phases are bars that are drawn over', async (t) => {
  const { mesh, cwd } = await start(t);
  const { stderr } = await run(['campaign', 'run', 'mine.yaml', '--address', mesh.address], {
    cwd,
    tty: true,
    env: { NO_COLOR: '1' },
  });
  assert.match(stderr, /▸ search {2}━{6}╌{18} {3}25 % {2}0\/2 jobs {2}ETA 1:20/);
  assert.match(stderr, /✓ search {2}━{24} {2}100 % {2}2\/2 jobs/);
  assert.ok(stderr.includes('\x1b[2A'), 'goes up over the two lines of the frame before');
});

test('Ctrl-C stops watching, not the campaign, and says how to go on', async (t) => {
  const { mesh, nss } = await start(t);
  await nss('campaign', 'create', 'forever.yaml');
  const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
  const child = spawn(process.execPath, [main, 'campaign', 'watch', 'forever', '--address', mesh.address]);
  t.after(() => child.kill('SIGKILL'));
  let stderr = '';
  for await (const chunk of child.stderr) {
    stderr += chunk;
    if (stderr.includes('search: 25 %') && !child.killed) child.kill('SIGINT');
  }
  const [code] = child.exitCode === null ? await once(child, 'exit') : [child.exitCode];
  assert.equal(code, 130);
  assert.match(stderr, /\nStopped\. The campaign goes on\. Watch it again with: nss campaign watch forever\n$/);
  assert.match((await nss('campaign', 'get', 'forever')).stdout, /^State: +running$/m);
});

/** Resolves when somebody watches. */
async function watched(mesh: FakeMesh): Promise<void> {
  while (mesh.watchedAfter.length === 0) await new Promise((resolve) => setImmediate(resolve));
}
