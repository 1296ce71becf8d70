import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blockTypes, parseArchitecture } from '@nss/space';
import type { Kernels } from '@nss/tensor';
import { evaluateArchitectures, SuperNetwork, taskLosses, weightStep } from '../src/index.ts';
import { engine, input, randomBatch, space } from './fixture.ts';

const { kernels } = engine;
const sgd = { learningRate: 0.05, momentum: 0.9, weightDecay: 3e-4, gradientClip: 5 };
const close = (found: number, expected: number, tolerance: number, what: string) =>
  assert.ok(Math.abs(found - expected) <= tolerance, `${what}: ${found}, expected ${expected}`);

/** Some that share everything but the last stage, some that share a width only, one that shares nothing, one twice. */
const architectures = ['2x5-1x8', '1x5-3x2', '2x5-3x8', '3x5-1x1', '1x4-1x8', '2x5-1x8', '2x5-2x3'].map(
  parseArchitecture,
);
const calibration = randomBatch(16, 1);
const heldOut = [randomBatch(8, 2), randomBatch(8, 3), randomBatch(4, 4)];

/** The engine, told of every convolution. */
const watched = (onConvolution: () => void): Kernels => ({
  ...kernels,
  conv2d(x, kernel, stride) {
    onConvolution();
    return kernels.conv2d(x, kernel, stride);
  },
});

for (const block of blockTypes) {
  test(`architectures of ${block} blocks measured together have the errors and losses of each one alone, bit for bit, in any order`, () => {
    const network = new SuperNetwork(kernels, { ...space, block }, input, 1);
    const alone = architectures.map(
      (architecture) => evaluateArchitectures(kernels, network, [architecture], calibration, heldOut)[0],
    );
    assert.ok(new Set(alone.map(({ loss }) => loss)).size === 6, 'different architectures have different losses');
    const together = evaluateArchitectures(kernels, network, architectures, calibration, heldOut);
    assert.deepEqual(together, alone);
    const reversed = evaluateArchitectures(kernels, network, architectures.toReversed(), calibration, heldOut);
    assert.deepEqual(reversed, alone.toReversed());
    network.close();
  });
}

test('a block that architectures share is computed once an image', () => {
  const network = new SuperNetwork(kernels, space, input, 1);
  let convolutions = 0;
  const counting = watched(() => convolutions++);
  evaluateArchitectures(counting, network, architectures, calibration, heldOut);
  // Stage 1: 3 blocks of width 5, 1 of width 4. Stage 2: 3 (1x5-3x2), 3 (2x5-3x8, of which 1 is 2x5-1x8), 2, 1 and 1. Two convolutions
  // a block, one projection a first block, one stem; a pass each of the calibration and of three held-out batches.
  const blocks = 4 + 3 + 3 + 2 + 1 + 1;
  const firstBlocks = 2 + 5;
  assert.equal(convolutions, 4 * (1 + 2 * blocks + firstBlocks));
  network.close();
});

test('the activations that are resident do not grow with the number of architectures', () => {
  const network = new SuperNetwork(kernels, space, input, 1);
  const every = [1, 2, 3].flatMap((d1) =>
    [2, 5, 8].flatMap((w1) =>
      [1, 2, 3].flatMap((d2) => [1, 6, 7].map((w2) => parseArchitecture(`${d1}x${w1}-${d2}x${w2}`))),
    ),
  );
  const mostTensors = (list: typeof every) => {
    const before = kernels.liveTensors();
    let most = 0;
    let last = before;
    // Of the held-out pass, in which the statistics do not grow any more.
    const counting = watched(() => {
      last = kernels.liveTensors();
      most = Math.max(most, last);
    });
    evaluateArchitectures(counting, network, list, calibration, []);
    const statistics = last;
    most = 0;
    evaluateArchitectures(counting, network, list, calibration, heldOut);
    assert.equal(kernels.liveTensors(), before, 'nothing is left behind');
    return most - statistics;
  };
  const few = mostTensors(every.slice(0, 27));
  assert.equal(mostTensors(every), few);
  network.close();
});

test('BatchNorm recomputed on the held-out images themselves gives the loss of training mode', () => {
  const network = new SuperNetwork(kernels, space, input, 9);
  const [batch, architecture] = [randomBatch(16), parseArchitecture('2x5-1x8')];
  const [{ loss, errorPercent }] = evaluateArchitectures(kernels, network, [architecture], batch, [batch]);
  close(loss, weightStep(kernels, network, batch, architecture, sgd), 1e-5, 'loss');
  assert.ok(errorPercent >= 0 && errorPercent <= 100);
  const halves = [0, 1].map((half) => ({
    images: batch.images.slice((half * batch.images.length) / 2, ((half + 1) * batch.images.length) / 2),
    labels: batch.labels.slice(half * 8, half * 8 + 8),
  }));
  const again = new SuperNetwork(kernels, space, input, 9);
  const [split] = evaluateArchitectures(kernels, again, [architecture], batch, halves);
  close(split.loss, loss, 1e-5, 'the held-out batch size does not matter');
  network.close();
  again.close();
});

test('task losses are those that a weight step finds before its update, and leave the weights alone', () => {
  const network = new SuperNetwork(kernels, space, input, 1);
  const batch = randomBatch(16, 5);
  const losses = taskLosses(kernels, network, batch, architectures);
  assert.deepEqual(taskLosses(kernels, network, batch, architectures.toReversed()), losses.toReversed());
  for (const [i, architecture] of architectures.entries()) {
    const fresh = new SuperNetwork(kernels, space, input, 1);
    close(losses[i], weightStep(kernels, fresh, batch, architecture, sgd), 1e-5, 'loss');
    fresh.close();
  }
  network.close();
});
