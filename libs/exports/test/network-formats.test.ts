import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { blockTypes } from '@nss/space';
import { openEngine } from '@nss/tensor';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import {
  exportNetwork,
  NetworkFileError,
  readTrainedNetwork,
  type TrainedNetwork,
  writeTrainedNetwork,
} from '../src/index.ts';
import { type Sample, sampleNetwork } from './networks.ts';

const engine = await openEngine({ threads: 1 });
const sample = sampleNetwork(engine);
const file = fileOf(sample);
const network = readTrainedNetwork(file);
const shape = [sample.batch, ...[sample.facts.input.height, sample.facts.input.width, sample.facts.input.channels]];

test('a trained network is read as it was written', () => {
  const { tensors, ...facts } = network;
  assert.deepEqual({ ...facts, classNames: undefined }, { ...sample.facts, classNames: undefined });
  assert.deepEqual(
    [...tensors.keys()],
    sample.tensors.map(({ name }) => name),
  );
  for (const written of sample.tensors) {
    const read = tensors.get(written.name);
    assert.deepEqual(read?.shape, written.shape);
    assert.ok(read && Buffer.from(read.data.buffer).equals(Buffer.from(written.data.buffer)), written.name);
  }
  assert.ok(tensors.get('stage1.block1.projection.bn.variance'));
});

test('a network of version 1, from before there were types of blocks, has basic ones; one of a later version is refused', () => {
  const ofVersion = (version: number) =>
    Buffer.from(file.toString('latin1').replace('{\\"version\\":2', `{\\"version\\":${version}`), 'latin1');
  const old = readTrainedNetwork(ofVersion(1));
  assert.equal(old.block, undefined);
  assert.deepEqual(exportNetwork(old, 'onnx'), exportNetwork(network, 'onnx'));
  assert.throws(() => readTrainedNetwork(ofVersion(3)), /a version that this NSS does not know/);
});

test('a file that is no network, or not all of one, is refused', () => {
  for (const [bytes, expected] of [
    [Buffer.from('short'), /no safetensors file/],
    [file.subarray(0, 100), /no safetensors file/],
    [file.subarray(0, file.length - 4), /cut short/],
    [
      Buffer.from(file.toString('latin1').replace('nss-network', 'xss-network').replace('"nss-', '"xss-'), 'latin1'),
      /no network of NSS/,
    ],
  ] as const) {
    assert.throws(
      () => readTrainedNetwork(bytes),
      (error) => error instanceof NetworkFileError && expected.test(error.message),
    );
  }
  assert.throws(() => exportNetwork({ ...network, tensors: new Map() }, 'onnx'), /lacks the tensor stem\.conv/);
});

const native = engine.kind === 'tensorflow' ? false : "TensorFlow's native library is not on this machine";
const require = createRequire(import.meta.resolve('@nss/tensor'));

for (const block of blockTypes) {
  const sample = sampleNetwork(engine, block);
  const network = readTrainedNetwork(fileOf(sample));

  test(`ONNX Runtime computes the logits of the trainer with ${block} blocks`, async () => {
    const [{ name, content }] = exportNetwork(network, 'onnx', { 'nss.training': 'trainings/sample' });
    assert.equal(name, 'network.onnx');
    const session = await InferenceSession.create(Buffer.from(content));
    assert.deepEqual([session.inputNames, session.outputNames], [['images'], ['logits']]);
    const { logits } = await session.run({ images: new Tensor('float32', sample.pixels, shape) });
    assert.deepEqual(logits.dims, [sample.batch, sample.facts.input.classes]);
    assertClose(logits.data as Float32Array, sample.logits);
    await session.release();
  });

  test(`TensorFlow runs the SavedModel with ${block} blocks to the logits of the trainer`, {
    skip: native,
  }, async (t) => {
    const tf = require('@tensorflow/tfjs-node') as typeof import('@tensorflow/tfjs-node');
    const folder = await written(t, network, 'saved-model');
    const model = await tf.node.loadSavedModel(join(folder, 'saved-model'), ['serve'], 'serving_default');
    const outputs = model.predict({ images: tf.tensor(sample.pixels, shape) }) as Record<
      string,
      { dataSync(): Float32Array }
    >;
    assertClose(outputs.logits.dataSync(), sample.logits);
    model.dispose();
  });

  test(`TensorFlow.js runs the layers model with ${block} blocks to the logits of the trainer`, {
    skip: native,
  }, async (t) => {
    const tf = require('@tensorflow/tfjs-node') as typeof import('@tensorflow/tfjs-node');
    const folder = await written(t, network, 'tfjs');
    const model = await tf.loadLayersModel(`file://${join(folder, 'tfjs/model.json')}`);
    assert.deepEqual(model.outputs[0].shape, [null, sample.facts.input.classes]);
    const logits = model.predict(tf.tensor(sample.pixels, shape)) as { dataSync(): Float32Array };
    assertClose(logits.dataSync() as Float32Array, sample.logits);
    model.dispose();
  });
}

function fileOf({ facts, tensors }: Sample): Buffer {
  return Buffer.concat([...writeTrainedNetwork(facts, tensors)]);
}

async function written(t: TestContext, network: TrainedNetwork, format: 'saved-model' | 'tfjs'): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'nss-network-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await mkdir(join(folder, format));
  for (const { name, content } of exportNetwork(network, format)) await writeFile(join(folder, name), content);
  return folder;
}

function assertClose(found: Float32Array, expected: Sample['logits']): void {
  assert.equal(found.length, expected.length);
  const largest = Math.max(...expected.map(Math.abs));
  assert.ok(largest > 0.1, `the logits are too small to be compared: ${largest}`);
  expected.forEach((value, i) => {
    assert.ok(Math.abs(found[i] - value) < 1e-4, `logit ${i}: expected ${value}, found ${found[i]}`);
  });
}
