import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { architectureCost } from '@nss/cost';
import { type ExportedSpace, exportSpace } from '@nss/exports';
import { containsArchitecture, parseArchitecture, parseSpace } from '@nss/space';
import { pythonWith } from './python-environment.ts';

const run = promisify(execFile);

const exported: ExportedSpace = {
  space: parseSpace('1..4x33..64-5..8x1..32-1..4x1..32'),
  searchSpace: {
    stemWidth: 16,
    stages: [1, 2, 2].map((stride) => ({
      stride,
      depth: { min: 1, max: 16 },
      width: { min: 1, max: 512 },
      depthBinSize: 4,
      widthBinSize: 32,
    })),
  },
  input: { height: 32, width: 32, channels: 3, classes: 10 },
  targetMultiplyAdds: 100e6,
};

test('the exported Optuna study runs and finds a network of the space at the target', async (t) => {
  const python = await pythonWith('optuna').catch((error: Error) => {
    t.skip(`pip cannot install optuna here: ${error.message.split('\n')[0]}`);
  });
  if (!python) return;
  const folder = await mkdtemp(join(tmpdir(), 'nss-optuna-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'study.py'), exportSpace(exported, 'optuna'));
  const { stdout } = await run(python, [join(folder, 'study.py'), '50'], { timeout: 120_000 });
  const [text, multiplyAdds, distance] = stdout.trim().split('\n').at(-1)?.split(' ') ?? [];
  const network = parseArchitecture(text);
  assert.ok(containsArchitecture(exported.space, network), text);
  assert.equal(Number(multiplyAdds), architectureCost(exported.searchSpace, exported.input, network));
  assert.ok(Math.abs(Number(multiplyAdds) / 100e6 - 1) < 0.2 && Number(distance) < 0.2, stdout);
});
