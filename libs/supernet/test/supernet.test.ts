import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { blockTypes, parseArchitecture, type SearchSpace } from '@nss/space';
import { Tape } from '@nss/tensor';
import {
  CheckpointError,
  checkpointSum,
  readCheckpoint,
  SuperNetwork,
  thetaStep,
  weightStep,
  writeCheckpoint,
} from '../src/index.ts';
import { engine, input, mixtures, randomBatch, space } from './fixture.ts';

const { kernels } = engine;
const sgd = { learningRate: 0.05, momentum: 0.9, weightDecay: 3e-4, gradientClip: 5 };
const close = (found: number, expected: number, tolerance: number, what: string) =>
  assert.ok(Math.abs(found - expected) <= tolerance, `${what}: ${found}, expected ${expected}`);

function weightsOf(network: SuperNetwork): Map<string, Float32Array> {
  return new Map(
    network.parameters.map(({ name, weights }) => {
      const value = kernels.readVariable(weights);
      const data = kernels.read(value).slice();
      kernels.free(value);
      return [name, data];
    }),
  );
}

for (const block of blockTypes) {
  test(`logits, loss and gradients of ${block} blocks are those of PyTorch`, async () => {
    const { blocks } = JSON.parse(await readFile(new URL('golden/network.json', import.meta.url), 'utf8'));
    const golden = blocks[block];
    const stage = (stride: number, depth: number, width: number) => ({
      stride,
      depth: { min: depth, max: depth },
      width: { min: width, max: width },
      depthBinSize: 1,
      widthBinSize: 1,
    });
    const single: SearchSpace = { block, stemWidth: 2, stages: [stage(1, 2, 3), stage(2, 1, 4)] };
    const network = new SuperNetwork(kernels, single, { ...input, classes: 5 }, 0);
    assert.deepEqual(
      network.parameters.map(({ name }) => name),
      golden.parameters,
    );
    const wave = (n: number, p: number, scale: number, base = 0) =>
      Float32Array.from({ length: n }, (_, i) => base + Math.sin(0.7 * i + p) * scale);
    for (const [p, { name, weights }] of network.parameters.entries()) {
      const size = weights.shape.reduce((a, b) => a * b, 1);
      const fanIn = weights.shape.slice(0, 3).reduce((a, b) => a * b, 1);
      if (name.endsWith('scale')) kernels.assign(weights, wave(size, p, 0.3, 1));
      else if (name.endsWith('offset')) kernels.assign(weights, wave(size, p, 0.2));
      else if (name === 'head.weights') kernels.assign(weights, wave(size, p, 0.5));
      else if (name === 'head.bias') kernels.assign(weights, wave(size, p, 0.1));
      else kernels.assign(weights, wave(size, p, Math.sqrt(2 / fanIn)));
    }
    const tape = new Tape(kernels, { gradients: true });
    const x = tape.constant(kernels.fromArray(wave(4 * 8 * 8 * 3, 0.5, 1), [4, 8, 8, 3]));
    const used = new Map<string, Parameters<typeof tape.gradientOf>[0]>();
    const logits = network.subNetwork(tape, x, parseArchitecture('2x3-1x4'), ({ name }, value) =>
      used.set(name, value),
    );
    for (const [i, value] of tape.read(logits).entries()) close(value, golden.logits[i], 1e-4, `logit ${i}`);
    const labels = new Float32Array(20);
    for (let i = 0; i < 4; i++) labels[i * 5 + i] = 1;
    const target = kernels.fromArray(labels, [4, 5]);
    const losses = tape.crossEntropy(logits, target);
    close(losses.reduce((a, b) => a + b) / 4, golden.loss, 1e-5, 'loss');
    for (const [name, value] of used) {
      const gradient = kernels.read(tape.gradientOf(value));
      close(gradient[0], golden.gradientFirst[name], 2e-4, `first gradient of ${name}`);
      close(
        gradient.reduce((a, b) => a + b, 0),
        golden.gradientSums[name],
        1e-3,
        `gradient sum of ${name}`,
      );
    }
    assert.equal(used.size, golden.parameters.length);
    tape.close();
    kernels.free(target);
    network.close();
  });

  test(`a sliced sub-network of ${block} blocks gives what the masked super network gives`, () => {
    const network = new SuperNetwork(kernels, { ...space, block }, input, 1);
    const batch = randomBatch(8);
    for (const [d1, w1, d2, w2] of [
      [1, 3, 3, 5],
      [2, 8, 1, 1],
      [3, 1, 2, 7],
    ]) {
      const masked = thetaStep(kernels, network, batch, [
        { depths: [d1, 3], depthWeights: [1, 0], widths: [w1, 8], widthWeights: [1, 0] },
        { depths: [d2, 3], depthWeights: [1, 0], widths: [w2, 8], widthWeights: [1, 0] },
      ]);
      const sliced = weightStep(kernels, network, batch, parseArchitecture(`${d1}x${w1}-${d2}x${w2}`), {
        ...sgd,
        learningRate: 0,
      });
      close(masked.loss, sliced, 1e-5, `${d1}x${w1}-${d2}x${w2}`);
    }
    network.close();
  });

  test(`the gradient in the mixture weights of ${block} blocks equals finite differences`, () => {
    const network = new SuperNetwork(kernels, { ...space, block }, input, 2);
    const batch = randomBatch(16);
    const { gradients } = thetaStep(kernels, network, batch, mixtures);
    for (const [stage, mixture] of mixtures.entries()) {
      for (const kind of ['depthWeights', 'widthWeights'] as const) {
        for (const j of mixture[kind].keys()) {
          const at = (delta: number) => {
            const moved = structuredClone(mixtures);
            (moved[stage][kind] as number[])[j] += delta;
            return thetaStep(kernels, network, batch, moved).loss;
          };
          const expected = (at(2e-3) - at(-2e-3)) / 4e-3;
          close(gradients[stage][kind][j], expected, 5e-3 + 0.02 * Math.abs(expected), `stage ${stage} ${kind}[${j}]`);
        }
      }
    }
    network.close();
  });

  test(`a sub-network of ${block} blocks computed with more channels than its widths has the same logits and gradients`, () => {
    const network = new SuperNetwork(kernels, { ...space, block }, input, 14);
    const batch = randomBatch(8);
    for (const name of ['3x3-2x7', '2x8-1x1', '1x5-3x6']) {
      const [exact, padded] = (['subNetwork', 'paddedSubNetwork'] as const).map((way) => {
        const tape = new Tape(kernels, { gradients: true });
        const x = tape.constant(kernels.fromArray(batch.images, [8, input.height, input.width, input.channels]));
        const used: { name: string; value: Parameters<typeof tape.gradientOf>[0] }[] = [];
        const logits = network[way](tape, x, parseArchitecture(name), (p, value) => used.push({ name: p.name, value }));
        const labels = new Float32Array(8 * input.classes);
        for (const [i, label] of batch.labels.entries()) labels[i * input.classes + label] = 1;
        const target = kernels.fromArray(labels, [8, input.classes]);
        const numbers = [...tape.read(logits)];
        tape.crossEntropy(logits, target);
        // Norms: what the additional channels have must be zero.
        for (const { value } of used) numbers.push(Math.sqrt(2 * kernels.halfSquareNorm([tape.gradientOf(value)])));
        const widest = Math.max(...used.map(({ value }) => value.shape[value.shape.length - 1]));
        kernels.free(target);
        tape.close();
        return { numbers, widest };
      });
      for (const [i, value] of exact.numbers.entries()) close(padded.numbers[i], value, 1e-5, `${name}, number ${i}`);
      assert.equal(padded.widest, 8, 'it did have more channels');
    }
    network.close();
  });
}

test('a space that says no block has the network of one that says basic', async () => {
  const [silent, said] = [space, { ...space, block: 'basic' as const }].map(
    (each) => new SuperNetwork(kernels, each, input, 15),
  );
  assert.deepEqual(weightsOf(silent), weightsOf(said));
  await readCheckpoint(kernels, said, chunksOf(Buffer.concat([...writeCheckpoint(kernels, silent)]), 1000));
  silent.close();
  said.close();
});

test('a theta step changes no weight', () => {
  const network = new SuperNetwork(kernels, space, input, 3);
  const before = weightsOf(network);
  thetaStep(kernels, network, randomBatch(8), mixtures);
  assert.deepEqual(weightsOf(network), before);
  network.close();
});

test('a weight step follows the gradient: the loss changes by -learningRate |gradient|^2', () => {
  const architecture = parseArchitecture('2x5-1x8');
  const batch = randomBatch(16);
  const network = new SuperNetwork(kernels, space, input, 4);
  const plain = { momentum: 0, weightDecay: 0, gradientClip: 0 };
  const learningRate = 1e-3;
  const before = weightsOf(network);
  const first = weightStep(kernels, network, batch, architecture, { ...plain, learningRate });
  const squares = [...weightsOf(network)].reduce(
    (sum, [name, after]) =>
      sum + after.reduce((s, w, i) => s + ((w - (before.get(name)?.[i] ?? 0)) / learningRate) ** 2, 0),
    0,
  );
  const second = weightStep(kernels, network, batch, architecture, { ...plain, learningRate: 0 });
  const expected = -learningRate * squares;
  assert.ok(squares > 0.01);
  close((second - first) / expected, 1, 0.1, 'first-order change of the loss');
  network.close();
});

test('a weight step leaves unused blocks and channels alone', () => {
  const network = new SuperNetwork(kernels, space, input, 5);
  const before = weightsOf(network);
  weightStep(kernels, network, randomBatch(8), parseArchitecture('1x3-2x8'), { ...sgd, weightDecay: 0 });
  const after = weightsOf(network);
  for (const [name, values] of after) {
    const changed = values.some((w, i) => w !== before.get(name)?.[i]);
    assert.equal(changed, !/stage1\.block[23]|stage2\.block3/.test(name), name);
  }
  const scale = after.get('stage1.block1.bn1.scale') as Float32Array;
  assert.deepEqual([...scale.subarray(3)], [1, 1, 1, 1, 1], 'channels beyond the width');
  network.close();
});

test('the gradient norm is clipped', () => {
  const run = (gradientClip: number) => {
    const network = new SuperNetwork(kernels, space, input, 6);
    const before = weightsOf(network);
    weightStep(kernels, network, randomBatch(8), parseArchitecture('1x3-2x8'), {
      learningRate: 1,
      momentum: 0,
      weightDecay: 0,
      gradientClip,
    });
    const squares = [...weightsOf(network)].reduce(
      (sum, [name, after]) => sum + after.reduce((s, w, i) => s + (w - (before.get(name)?.[i] ?? 0)) ** 2, 0),
      0,
    );
    network.close();
    return Math.sqrt(squares);
  };
  assert.ok(run(0) > 0.04, 'the gradient is larger than the limit');
  close(run(0.02), 0.02, 1e-4, 'norm of the clipped gradient');
});

test('training learns the batch, and the same seed gives the same weights bit for bit', () => {
  const run = () => {
    const network = new SuperNetwork(kernels, space, input, 7);
    const losses = Array.from({ length: 30 }, () =>
      weightStep(kernels, network, randomBatch(16), parseArchitecture('2x8-2x8'), sgd),
    );
    const weights = weightsOf(network);
    network.close();
    return { losses, weights };
  };
  const [first, second] = [run(), run()];
  assert.ok(first.losses[29] < 0.7 * first.losses[0], `${first.losses[0]} -> ${first.losses[29]}`);
  assert.deepEqual(second, first);
});

test('a network goes on from a checkpoint as if it had never stopped', async () => {
  const steps = (network: SuperNetwork, from: number, to: number) => {
    for (let i = from; i < to; i++) weightStep(kernels, network, randomBatch(8, i), parseArchitecture('2x5-3x8'), sgd);
  };
  const network = new SuperNetwork(kernels, space, input, 10);
  steps(network, 0, 3);
  const bytes = Buffer.concat([...writeCheckpoint(kernels, network)]);
  steps(network, 3, 6);
  const other = new SuperNetwork(kernels, space, input, 11);
  await readCheckpoint(kernels, other, chunksOf(bytes, 1000));
  steps(other, 3, 6);
  assert.deepEqual(weightsOf(other), weightsOf(network));
  network.close();
  other.close();
});

test('the mean of checkpoints counts weights and velocities by samples, rounded once', async () => {
  const trained = (seed: number) => {
    const network = new SuperNetwork(kernels, space, input, 13);
    weightStep(kernels, network, randomBatch(8, seed), parseArchitecture('2x5-3x8'), sgd);
    return network;
  };
  const networks = [trained(1), trained(2), trained(3)];
  const samples = [64, 64, 31];
  const checkpoints = networks.map((network) => Buffer.concat([...writeCheckpoint(kernels, network)]));
  const mean = async (shares: readonly number[]) => {
    const network = new SuperNetwork(kernels, space, input, 99);
    const sum = checkpointSum(network);
    for (const i of shares) await sum.add(chunksOf(checkpoints[i], 1000), samples[i]);
    sum.assignMean(kernels);
    const bytes = Buffer.concat([...writeCheckpoint(kernels, network)]);
    network.close();
    return bytes;
  };
  assert.deepEqual(await mean([2]), checkpoints[2]);
  assert.deepEqual(await mean([1, 1, 1]), checkpoints[1]);
  const found = await mean([0, 1, 2]);
  let at = 8;
  for (const { weights } of networks[0].parameters) {
    const size = weights.shape.reduce((product, n) => product * n, 1);
    assert.equal(found.readUInt32LE(at), size);
    for (let i = at + 4; i < at + 4 + 8 * size; i += 4) {
      const sum = checkpoints.reduce((total, bytes, j) => total + samples[j] * bytes.readFloatLE(i), 0);
      assert.equal(found.readFloatLE(i), Math.fround(sum / 159));
    }
    at += 4 + 8 * size;
  }
  assert.equal(at, found.length);
  const foreign = new SuperNetwork(kernels, { ...space, stemWidth: 5 }, input, 13);
  await assert.rejects(checkpointSum(foreign).add(chunksOf(checkpoints[0], 1000), 1), CheckpointError);
  for (const network of [...networks, foreign]) network.close();
});

test('a damaged or foreign checkpoint is refused', async () => {
  const network = new SuperNetwork(kernels, space, input, 12);
  const bytes = Buffer.concat([...writeCheckpoint(kernels, network)]);
  const load = (data: Uint8Array) => readCheckpoint(kernels, network, chunksOf(data, 4096));
  await assert.rejects(load(bytes.subarray(0, bytes.length - 5)), /cut short/);
  await assert.rejects(load(Buffer.concat([bytes, Buffer.from([0])])), /longer/);
  await assert.rejects(load(Buffer.from('no checkpoint at all')), CheckpointError);
  const wider = new SuperNetwork(kernels, { ...space, stemWidth: 5 }, input, 12);
  await assert.rejects(readCheckpoint(kernels, wider, chunksOf(bytes, 4096)), /another network: stem\.conv/);
  network.close();
  wider.close();
  const bottleneck = new SuperNetwork(kernels, { ...space, block: 'bottleneck' }, input, 12);
  await assert.rejects(readCheckpoint(kernels, bottleneck, chunksOf(bytes, 4096)), /another network: stage1\.block1/);
  bottleneck.close();
});

async function* chunksOf(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size);
}
