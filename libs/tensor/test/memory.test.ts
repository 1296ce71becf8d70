import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type EngineKind, type Kernels, openEngine, Tape, type Value } from '../src/index.ts';
import { availableEngines } from './available-engines.ts';

const PASSES = 1_000;
/** Passes after which allocators and caches have what they need. */
const SETTLED = 100;
/** As many as a few hundred sessions of a trainer have. */
const VARIABLES = 20_000;
/** What may come on top in the passes after that, outside of JavaScript's heap, which grows in steps of 16 MiB until it is cleaned up. */
const BOUND_MEGABYTES = 16;

const outsideOfHeap = () => {
  const { rss, heapTotal } = process.memoryUsage();
  return (rss - heapTotal) / 2 ** 20;
};

/** `[16, 8, 8, 8]`, 32 KiB: one such tensor left behind by each pass would take 28 MiB. */
const shape = [16, 8, 8, 8];
const [batch, , , channels] = shape;
const values = (...of: number[]) =>
  Float32Array.from({ length: of.reduce((n, size) => n * size, 1) }, (_, i) => Math.sin(i));

/** Forward and backward through every operation of a tape, then what an optimiser does with the gradients. */
function pass(kernels: Kernels, weights: ReturnType<Kernels['variable']>, velocity: typeof weights): void {
  const tape = new Tape(kernels, { gradients: true });
  const input = (...of: number[]): Value => tape.input(kernels.fromArray(values(...of), of));
  const target = kernels.fromArray(values(batch, 3), [batch, 3]);
  try {
    const kernel = tape.parameter(weights, [3, 3, channels / 2, channels], true);
    const half = tape.conv2d(input(...shape), input(1, 1, channels, channels / 2), 1);
    let y = tape.conv2d(half, kernel, 1);
    y = tape.batchNormRelu(y, tape.padTo(input(channels - 2), [channels]), input(channels));
    y = tape.addRelu(tape.batchNorm(y, input(channels), input(channels)), tape.maskChannels(y, input(channels)));
    y = tape.add(tape.weigh(y, input()), tape.relu(y));
    const logits = tape.fullyConnected(tape.globalAveragePool(y), input(channels, 3), input(3));
    tape.crossEntropy(logits, target);
    tape.release();
    const gradient = tape.gradientOf(kernel);
    const whole = kernels.padTo(gradient, weights.shape);
    const step = { learningRate: 0.01, momentum: 0.9, weightDecay: 1e-4, gradientScale: 0.5 };
    assert.ok(kernels.halfSquareNorm([gradient]) >= 0);
    kernels.momentumStep(weights, velocity, whole, step);
    kernels.free(whole);
  } finally {
    kernels.free(target);
    tape.close();
  }
}

for (const kind of ['tensorflow', 'wasm'] satisfies EngineKind[]) {
  const skip = availableEngines.includes(kind) ? false : `${kind} is not installed on this machine`;
  describe(`the ${kind} engine`, { skip }, () => {
    test('a thousand passes through every operation leave no tensor behind, and memory as it was', async () => {
      const { kernels } = await openEngine({ kind, threads: 1 });
      const size = [3, 3, channels, channels];
      const [weights, velocity] = [values(...size), new Float32Array(9 * channels ** 2)].map((data) =>
        kernels.variable(data, size),
      );
      pass(kernels, weights, velocity);
      const live = kernels.liveTensors();
      let settled = 0;
      for (let i = 1; i < PASSES; i++) {
        pass(kernels, weights, velocity);
        assert.equal(kernels.liveTensors(), live, `pass ${i}`);
        if (i === SETTLED) settled = outsideOfHeap();
      }
      const grown = outsideOfHeap() - settled;
      assert.ok(grown < BOUND_MEGABYTES, `${PASSES - SETTLED} passes took ${grown} MiB`);
      kernels.freeVariable(weights);
      kernels.freeVariable(velocity);
    });

    test('variables that are freed leave nothing behind', async () => {
      const { kernels } = await openEngine({ kind, threads: 1 });
      const comeAndGo = (count: number) => {
        for (let i = 0; i < count; i++) kernels.freeVariable(kernels.variable(Float32Array.of(1), [1]));
      };
      comeAndGo(VARIABLES);
      const settled = outsideOfHeap();
      comeAndGo(VARIABLES);
      const grown = outsideOfHeap() - settled;
      assert.ok(grown < BOUND_MEGABYTES, `${VARIABLES} variables took ${grown} MiB`);
    });
  });
}
