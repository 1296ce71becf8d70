import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { writeSyntheticMirror } from '@nss/datasets/testing';
import { type Mesh, startMesh } from '@nss/launcher';
import { pythonWith } from './python-environment.ts';

/* What the documentation shows to programs, run against a mesh as it stands. */

const run = promisify(execFile);
const root = join(import.meta.dirname, '..');
let folder: string;
let mesh: Mesh;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nss-examples-'));
  process.env.NSS_DATASET_MIRROR = await writeSyntheticMirror(folder);
  mesh = await startMesh({ stateDir: join(folder, 'state'), cacheDir: join(folder, 'cache'), trainers: 1 });
});

after(async () => {
  await mesh?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** The first block of this language in the part of docs/integrations.md that is about calls. */
async function shown(language: string): Promise<string> {
  const document = await readFile(join(root, 'docs/integrations.md'), 'utf8');
  const section = document.slice(document.indexOf('## Call the mesh'));
  return section.split(`\`\`\`${language}\n`)[1].split('```')[0];
}

test('the calls that docs/integrations.md shows from a shell give what it says they give', async () => {
  const calls = (await shown('sh')).split('\n').filter((line) => line.includes('buf curl'));
  assert.equal(calls.length, 3);
  const { spaceController, flopsEstimator } = mesh.addresses;
  const path = `${dirname(process.execPath)}:${join(root, 'node_modules/.bin')}:${process.env.PATH}`;
  const { stdout } = await run('bash', ['-c', calls.join('\n').replaceAll('npx buf', 'buf')], {
    env: { ...process.env, PATH: path, ADDRESS: spaceController, FLOPS: flopsEstimator },
  });
  assert.equal(stdout, await shown('text'));
});

test('the TypeScript example runs a campaign, gives up another one and is told what is wrong with a third', async () => {
  const example = join(root, 'examples/typescript/campaign.ts');
  const { stdout } = await run(process.execPath, [example, mesh.addresses.spaceController], { timeout: 300_000 });
  const { refused, tooLate, givenUp, run: campaign } = JSON.parse(stdout);
  assert.deepEqual(refused, {
    code: 'INVALID_ARGUMENT',
    reason: 'INVALID_ARGUMENT',
    fields: ['spec.dataset', 'spec.targets_multiply_adds[0]'],
  });
  assert.equal(tooLate, 'DEADLINE_EXCEEDED');
  assert.equal(givenUp, 'CANCELLED');
  assert.equal(campaign.name, 'campaigns/from-typescript');
  assert.equal(campaign.states.at(-1), 'JOB_STATE_SUCCEEDED');
  assert.equal(campaign.spaces.length, 1);
  assert.ok(campaign.ended && campaign.reportBytes > 10_000);

  const inDocs = (await shown('ts')).replace('campaigns/flowers', campaign.name);
  const followed = await run(process.execPath, ['--input-type=module-typescript', '--eval', inDocs], {
    cwd: root,
    env: { ...process.env, ADDRESS: mesh.addresses.spaceController },
  });
  assert.equal(followed.stdout.trim().split('\n').at(-1), 'PHASE_SEARCH 100 %, PHASE_REPORT 100 %');
});

test('the Python example, generated from proto/, runs a campaign and reads its Elite Space', async () => {
  const python = await pythonWith('grpcio', 'grpcio-tools');
  const generated = join(folder, 'generated');
  await mkdir(generated);
  const protos = await Promise.all(
    ['nss/v1', 'google/rpc'].map(async (each) =>
      (await readdir(join(root, 'proto', each))).map((file) => `${each}/${file}`),
    ),
  );
  const outputs = [`--python_out=${generated}`, `--grpc_python_out=${generated}`];
  await run(python, ['-m', 'grpc_tools.protoc', `-I${join(root, 'proto')}`, ...outputs, ...protos.flat()]);

  const { stdout } = await run(python, [join(root, 'examples/python/campaign.py'), mesh.addresses.spaceController], {
    env: { ...process.env, PYTHONPATH: generated },
    timeout: 300_000,
  });
  const result = JSON.parse(stdout);
  assert.equal(result.refused.code, 'INVALID_ARGUMENT');
  assert.ok(result.refused.fields.includes('spec.dataset'), result.refused.fields.join());
  assert.equal(result.name, 'campaigns/from-python');
  assert.ok(result.same, 'the same request_id gives the same campaign');
  assert.equal(result.state, 'JOB_STATE_SUCCEEDED', result.error);
  assert.deepEqual([...new Set(Object.values(result.phases))], ['JOB_STATE_SUCCEEDED']);
  assert.deepEqual(
    result.changes,
    [...result.changes].sort((a: number, b: number) => a - b),
  );
  assert.equal(result.eliteSpaces.length, 1);
  const [elite] = result.eliteSpaces;
  assert.match(elite.text, /^\d+\.\.\d+x\d+\.\.\d+(-\d+\.\.\d+x\d+\.\.\d+){2}$/);
  assert.equal(elite.target, 0.5e6);
  assert.ok(elite.exact && elite.mean > 0);
  assert.ok(result.artifacts.some((name: string) => name.endsWith('report.html')));
  assert.ok(result.reportBytes > 10_000);
});
