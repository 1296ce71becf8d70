import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawArchitecture, type InputShape, randomOf, type SearchSpace, wholeSpace } from '@nss/space';
import { evaluateArchitectures, SuperNetwork, taskLosses, thetaStep, weightStep } from '../src/index.ts';
import { engine } from './fixture.ts';

const { kernels } = engine;
const STEPS = 1_000;
/** Steps after which every network was seen that can be drawn, and allocators and caches have what they need. */
const SETTLED = 200;
/** What may come on top in the steps after that, outside of JavaScript's heap, which grows in steps of 16 MiB until it is cleaned up. */
const BOUND_MEGABYTES = 16;

const outsideOfHeap = () => {
  const { rss, heapTotal } = process.memoryUsage();
  return (rss - heapTotal) / 2 ** 20;
};
/** The others come as often as in a training, which measures now and then. */
const EVALUATE_EVERY = 10;

const input: InputShape = { height: 8, width: 8, channels: 3, classes: 4 };
const space: SearchSpace = {
  stemWidth: 4,
  stages: [{ stride: 1, depth: { min: 1, max: 2 }, width: { min: 1, max: 4 }, depthBinSize: 1, widthBinSize: 2 }],
};
const sgd = { learningRate: 0.05, momentum: 0.9, weightDecay: 3e-4, gradientClip: 5 };
const mixture = [{ depths: [1, 2], depthWeights: [0.4, 0.6], widths: [2, 4], widthWeights: [0.3, 0.7] }];

/** 48 images: one of the network's activations takes 48 KiB, and left behind by every step 37 MiB in the steps that count. */
const batch = {
  images: Float32Array.from({ length: 48 * 8 * 8 * 3 }, (_, i) => Math.sin(i)),
  labels: Int32Array.from({ length: 48 }, (_, i) => i % input.classes),
};

test('a thousand steps of weights and theta leave no tensor behind, and memory as it was', () => {
  const network = new SuperNetwork(kernels, space, input, 8);
  let live = 0;
  let settled = 0;
  for (let i = 0; i < STEPS; i++) {
    const architecture = drawArchitecture(randomOf(8, i), wholeSpace(space));
    weightStep(kernels, network, batch, architecture, sgd);
    thetaStep(kernels, network, batch, mixture);
    if (i % EVALUATE_EVERY === 0) {
      taskLosses(kernels, network, batch, [architecture]);
      evaluateArchitectures(kernels, network, [architecture], batch, [batch]);
    }
    live ||= kernels.liveTensors();
    assert.equal(kernels.liveTensors(), live, `step ${i}`);
    if (i === SETTLED) settled = outsideOfHeap();
  }
  const grown = outsideOfHeap() - settled;
  assert.ok(grown < BOUND_MEGABYTES, `${STEPS - SETTLED} steps took ${grown} MiB`);
  network.close();
});
