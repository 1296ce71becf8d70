import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadDataset, scanImageFolder } from '@nss/datasets';
import { writeImageFolder } from '@nss/datasets/testing';
import { type Mesh, startMesh } from '@nss/launcher';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { run } from '../libs/client/test/run-cli.ts';

test('a folder of images, of a size and in a search space with blocks of its own, becomes a trained ONNX network that makes the errors that the report says', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'nss-own-images-'));
  let mesh: Mesh | undefined;
  // One hook: they run in the order they were given, and the mesh writes into the folder until it has stopped.
  t.after(async () => {
    await mesh?.stop();
    await rm(folder, { recursive: true, force: true });
  });
  const images = join(folder, 'own images');
  await writeImageFolder(images, { classes: ['daisy', 'iris', 'rose'], imagesPerClass: 60 });
  const [stateDir, cacheDir] = [join(folder, 'state'), join(folder, 'cache')];
  mesh = await startMesh({ stateDir, cacheDir, trainers: 1 });
  await writeFile(
    join(folder, 'own.yaml'),
    `name: own
dataset: { folder: own images, split: { test: 0.25, seed: 3 } }
preset: tiny
targets: [0.5MF]
phases: [search, nas, training, report]
overrides:
  dataset: { imageSize: 24 }
  training: { repeats: 1, weights: { epochs: 10 } }
  searchSpace:
    block: bottleneck
    stemWidth: 6
    stages:
      - { stride: 2, depth: { min: 1, max: 2 }, width: { min: 5, max: 8 }, depthBinSize: 1, widthBinSize: 2 }
      - { stride: 1, depth: { min: 1, max: 4 }, width: { min: 1, max: 16 }, depthBinSize: 2, widthBinSize: 4 }
      - { stride: 1, depth: { min: 1, max: 1 }, width: { min: 8, max: 8 }, depthBinSize: 1, widthBinSize: 1 }
      - { stride: 2, depth: { min: 2, max: 3 }, width: { min: 1, max: 12 }, depthBinSize: 1, widthBinSize: 12 }
`,
  );
  const nss = (...args: string[]) => run([...args, '--state-dir', stateDir], { cwd: folder });
  const campaign = await nss('campaign', 'run', 'own.yaml');
  assert.equal(campaign.code, 0, campaign.stderr);
  const exported = await nss('network', 'export', 'campaigns/own', '--out', 'network', '--json');
  assert.equal(exported.code, 0, exported.stderr);
  const { files, eliteSpace } = JSON.parse(exported.stdout);
  assert.deepEqual(files, ['network/network.onnx', 'network/model-card.md']);
  assert.match(eliteSpace, /^\d\.\.\dx\d+\.\.\d+-\d\.\.\dx\d+\.\.\d+-1\.\.1x8\.\.8-\d\.\.\dx1\.\.12$/);

  const report = JSON.parse(await readFile(join(folder, 'runs/own/campaign.json'), 'utf8'));
  const { testErrorsPercent } = report.trainings.find(({ source }: { source: string }) => source === 'elite');
  const card = await readFile(join(folder, 'network/model-card.md'), 'utf8');
  assert.match(card, /In order: `daisy`, `iris`, `rose`\./);
  assert.ok(card.includes(`| Test error | ${testErrorsPercent[0].toFixed(2)} % of 45 images |`), card);
  assert.ok(card.includes(`| Elite Space | ${eliteSpace} |`), card);
  assert.match(card, /brought to 24x24 pixels \|/);
  assert.match(card, /residual blocks \(1x1, 3x3, 1x1, projection/);

  const found = await scanImageFolder(images, { testShare: 0.25, seed: 3 });
  const spec = { name: 'folder', imageSize: 24, trainImages: 0, testImages: 0, folder: found };
  const { test: held } = await loadDataset(spec, { cacheDir: join(folder, 'another cache') });
  const session = await InferenceSession.create(await readFile(join(folder, 'network/network.onnx')));
  const pixels = new Tensor('float32', Float32Array.from(held.images), [held.count, 24, 24, 3]);
  const { logits } = await session.run({ images: pixels });
  const scores = Array.from({ length: held.count }, (_, i) =>
    (logits.data as Float32Array).subarray(3 * i, 3 * (i + 1)),
  );
  const wrong = scores.filter((row, i) => row.indexOf(Math.max(...row)) !== held.labels[i]).length;
  assert.ok(Math.abs((100 * wrong) / held.count - testErrorsPercent[0]) < 1e-3, `${wrong} of ${held.count}`);
  assert.ok(testErrorsPercent[0] < 50, 'three plain colours are easy to tell apart');
  await session.release();
});

test('an image folder that cannot be used is refused before anything runs', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'nss-own-images-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'own.yaml'), 'name: own\ndataset: { folder: none }\npreset: tiny\ntargets: [0.5MF]\n');
  const { code, stderr } = await run(['campaign', 'create', 'own.yaml', '--dry-run'], { cwd: folder });
  assert.equal(code, 2);
  assert.match(stderr, /own\.yaml: dataset: the image folder .*none cannot be read: there is no such folder/);
});
