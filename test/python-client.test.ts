import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { glob, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { writeSyntheticMirror } from '@nss/datasets/testing';
import { type Mesh, startMesh } from '@nss/launcher';
import { pythonWith } from './python-environment.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..');

test('a Python client generated from proto/ runs a campaign and reads its Elite Space', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'nss-python-'));
  let mesh: Mesh | undefined;
  // One hook: they run in the order they were given, and the mesh writes into the folder until it has stopped.
  t.after(async () => {
    await mesh?.stop();
    await rm(folder, { recursive: true, force: true });
  });
  const python = await pythonWith('grpcio', 'grpcio-tools');
  const generated = join(folder, 'generated');
  await mkdir(generated);
  const protos: string[] = [];
  for await (const file of glob('**/*.proto', { cwd: join(root, 'proto') })) protos.push(file);
  const outputs = [`--python_out=${generated}`, `--grpc_python_out=${generated}`];
  await run(python, ['-m', 'grpc_tools.protoc', `-I${join(root, 'proto')}`, ...outputs, ...protos]);

  process.env.NSS_DATASET_MIRROR = await writeSyntheticMirror(folder);
  mesh = await startMesh({ stateDir: join(folder, 'state'), cacheDir: join(folder, 'cache'), trainers: 2 });

  const { stdout } = await run(python, [join(root, 'test/python/campaign_client.py'), mesh.addresses.spaceController], {
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
