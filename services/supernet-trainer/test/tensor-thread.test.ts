import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { writeSyntheticMirror } from '@nss/datasets/testing';
import { createLogger } from '@nss/runtime';
import { parseArchitecture, type SearchSpace } from '@nss/space';
import type { SessionSettings } from '../src/commands.ts';
import { startTensorThread, type TensorThread, TensorThreadError } from '../src/tensor-thread.ts';

const stage = (stride: number) => ({
  stride,
  depth: { min: 1, max: 2 },
  width: { min: 1, max: 8 },
  depthBinSize: 1,
  widthBinSize: 4,
});
const space: SearchSpace = { stemWidth: 8, stages: [stage(1), stage(2), stage(2)] };
const settings: SessionSettings = {
  dataset: { name: 'cifar10', imageSize: 16, trainImages: 320, testImages: 160 },
  space,
  weights: {
    batchSize: 32,
    momentum: 0.9,
    weightDecay: 3e-4,
    gradientClip: 5,
    augmentation: { padding: 2, flip: false },
  },
  seed: 0,
};
const largest = parseArchitecture('2x8-2x8-2x8');
const steps = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => ({ iteration: from + i, architecture: largest, learningRate: 0.1 }));

const quiet = { logger: createLogger('test', { level: 'silent' }), silenceMs: 600_000 };

let folder: string;
let thread: TensorThread;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nss-trainer-'));
  const datasetMirror = await writeSyntheticMirror(folder);
  const cacheDir = join(folder, 'cache');
  thread = await startTensorThread({ threads: 1, cacheDir, datasetMirror }, quiet);
});

after(async () => {
  await thread.close();
  await rm(folder, { recursive: true });
});

test('a network learns real images off the main thread', async () => {
  await thread.run('open', settings);
  const { value: losses, busySeconds } = await thread.run('weightSteps', { split: 'all', steps: steps(0, 40) });
  assert.equal(losses.length, 40);
  const mean = (values: number[]) => values.reduce((a, b) => a + b) / values.length;
  assert.ok(mean(losses.slice(-5)) < 0.7 * mean(losses.slice(0, 5)), losses.join(' '));
  const evaluation = { architectures: [largest, parseArchitecture('1x1-1x1-1x1')], calibrationImages: 100 };
  const { value: results } = await thread.run('evaluate', evaluation);
  assert.ok(results[0].errorPercent < 50, `error of the trained network: ${results[0].errorPercent}%`);
  assert.ok(results[1].errorPercent > results[0].errorPercent, 'a network that was never trained is worse');
  assert.ok(busySeconds > 0);
});

test('the same seed gives the same losses, also from a checkpoint; another seed gives others', async () => {
  await thread.run('open', settings);
  const first = await thread.run('weightSteps', { split: 'weights', steps: steps(0, 4) });
  const { value: chunks } = await thread.run('save', undefined);
  const second = await thread.run('weightSteps', { split: 'weights', steps: steps(4, 8) });

  await thread.run('open', settings);
  assert.deepEqual((await thread.run('weightSteps', { split: 'weights', steps: steps(0, 4) })).value, first.value);
  await thread.run('open', settings);
  await thread.run('load', chunks);
  assert.deepEqual((await thread.run('weightSteps', { split: 'weights', steps: steps(4, 8) })).value, second.value);

  await thread.run('open', { ...settings, seed: 1 });
  assert.notDeepEqual((await thread.run('weightSteps', { split: 'weights', steps: steps(0, 4) })).value, first.value);
});

test('losses do not depend on how steps are put into commands, nor on what comes between them', async () => {
  const architectures = [parseArchitecture('1x1-1x1-1x1')];
  await thread.run('open', settings);
  const { value: expected } = await thread.run('weightSteps', { split: 'weights', steps: steps(0, 12) });
  const found = { weights: [] as number[], theta: [] as number[] };
  await thread.run('open', settings);
  for (let i = 0; i < 12; i++) {
    found.theta.push(...(await thread.run('taskLosses', { iteration: i, architectures })).value);
    found.weights.push(...(await thread.run('weightSteps', { split: 'weights', steps: steps(i, i + 1) })).value);
  }
  assert.deepEqual(found.weights, expected);

  // Whoever took a checkpoint of iteration 7 over asks for the rest, in a session of its own.
  await thread.run('open', settings);
  await thread.run('weightSteps', { split: 'weights', steps: steps(0, 7) });
  const { value: chunks } = await thread.run('save', undefined);
  await thread.run('open', settings);
  await thread.run('load', chunks);
  for (let i = 7; i < 12; i++) {
    const { value: theta } = await thread.run('taskLosses', { iteration: i, architectures });
    const { value: weights } = await thread.run('weightSteps', { split: 'weights', steps: steps(i, i + 1) });
    assert.deepEqual([theta[0], weights[0]], [found.theta[i], expected[i]]);
  }
});

test('a theta step gives a gradient for every weight of the mixture', async () => {
  await thread.run('open', settings);
  const mixtures = space.stages.map(() => ({
    depths: [1, 2],
    depthWeights: [0.5, 0.5],
    widths: [3, 7],
    widthWeights: [0.2, 0.8],
  }));
  const { value } = await thread.run('thetaStep', { iteration: 3, mixtures });
  assert.ok(value.loss > 0);
  for (const { depthWeights, widthWeights } of value.gradients) {
    assert.deepEqual([depthWeights.length, widthWeights.length], [2, 2]);
    for (const d of [...depthWeights, ...widthWeights]) assert.ok(Number.isFinite(d) && d !== 0);
  }
});

test('what goes wrong in the thread is told with its name, and the thread goes on', async () => {
  const failed = (errorName: string, code?: string) => (error: unknown) =>
    error instanceof TensorThreadError && error.errorName === errorName && error.code === code;
  const tooMany = { ...settings, dataset: { ...settings.dataset, trainImages: 5000 } };
  await assert.rejects(thread.run('open', tooMany), failed('DatasetError', 'too-few-images'));
  await assert.rejects(thread.run('weightSteps', { split: 'all', steps: steps(0, 1) }), /no session is open/);
  await thread.run('open', settings);
  await assert.rejects(thread.run('load', [Buffer.from('not a checkpoint')]), failed('CheckpointError'));
  assert.equal((await thread.run('weightSteps', { split: 'all', steps: steps(0, 1) })).value.length, 1);
});

test('the WebAssembly engine computes the same losses, within rounding, and says that it is slow', async (t) => {
  const options = { threads: 1, cacheDir: join(folder, 'cache'), datasetMirror: folder };
  const wasm = await startTensorThread({ ...options, engine: 'wasm' }, quiet);
  t.after(() => wasm.close());
  assert.match(wasm.engine.warning ?? '', /slower/);
  const losses: number[][] = [];
  for (const each of [thread, wasm]) {
    await each.run('open', settings);
    losses.push((await each.run('weightSteps', { split: 'all', steps: steps(0, 3) })).value);
  }
  for (const [i, loss] of losses[0].entries())
    assert.ok(Math.abs(loss - losses[1][i]) < 1e-2 * loss, losses.join(' and '));
});
