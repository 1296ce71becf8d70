import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { eliteText, startFakeMesh } from './fake-mesh.ts';
import { folderWith, run } from './run-cli.ts';

const paperSpace = '1..4x33..64-5..8x1..32-1..4x1..32';

test('nss space export writes a space as JSON, without a mesh', async () => {
  const { code, stdout, stderr } = await run(['space', 'export', paperSpace, '--target', '600MF']);
  assert.deepEqual([code, stderr], [0, '']);
  const file = JSON.parse(stdout);
  assert.deepEqual([file.schema, file.text, file.target], ['nss.space/v1', paperSpace, 600e6]);
});

test('nss space export --out writes a file', async (t) => {
  const cwd = folderWith(t);
  const { code, stdout, stderr } = await run(
    ['space', 'export', paperSpace, '--format', 'optuna', '--out', 'study.py'],
    { cwd },
  );
  assert.deepEqual([code, stdout, stderr], [0, '', 'Wrote study.py\n']);
  assert.match(readFileSync(join(cwd, 'study.py'), 'utf8'), /^import optuna$/m);
});

test("nss space export takes a campaign's Elite Space by target", async (t) => {
  const { address } = await startFakeMesh(t);
  const cwd = folderWith(t, { 'mine.yaml': 'name: mine\ndataset: cifar100\npreset: small\ntargets: [2MF, 8MF]\n' });
  const nss = (...args: string[]) => run([...args, '--address', address], { cwd });
  await nss('campaign', 'run', 'mine.yaml');

  const { code, stdout } = await nss('space', 'export', 'campaigns/mine', '--target', '8MF');
  assert.equal(code, 0);
  const file = JSON.parse(stdout);
  assert.deepEqual([file.text, file.target, file.source], [eliteText, 8e6, 'campaigns/mine, 8 MF, seed 0']);
  assert.deepEqual(file.input, { height: 16, width: 16, channels: 3, classes: 100 });

  for (const [args, expected] of [
    [[], /several Elite Spaces; choose one by --target and --seed: 2 MF \(seed 0\), 8 MF \(seed 0\)/],
    [['--target', '4MF'], /no such Elite Space/],
    [['--target', '8MF', '--seed', '3'], /no such Elite Space/],
  ] as const) {
    const refused = await nss('space', 'export', 'campaigns/mine', ...args);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, expected);
  }
});

test('an unknown format is refused with those there are', async () => {
  const { code, stderr } = await run(['space', 'export', paperSpace, '--format', 'onnx']);
  assert.equal(code, 2);
  assert.match(stderr, /there is no format "onnx"; use json, katib, optuna, ray, nni/);
});
