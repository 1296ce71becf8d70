import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { drawNormal, randomOf } from '@nss/space';
import {
  BATCH_NORM_EPSILON,
  type Engine,
  type EngineKind,
  openEngine,
  selfTest,
  Tape,
  type Tensor,
  type Value,
} from '../src/index.ts';
import { availableEngines } from './available-engines.ts';

/** Standard normals, the same for both engines; no entry lies so near a kink of a ReLU that differences would cross it. */
function normals(n: number, ...path: (string | number)[]): Float32Array {
  const random = randomOf(3, ...path);
  return Float32Array.from({ length: n }, () => drawNormal(random));
}
const count = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1);

/** A scalar function of several tensors, written on a tape, and the shapes of its arguments. */
type Case = { name: string; shapes: number[][]; apply: (tape: Tape, inputs: Value[]) => Value };

const cases: Case[] = [1, 2].flatMap((stride) =>
  [1, 3].map((k) => ({
    name: `conv ${k}x${k} stride ${stride}`,
    shapes: [
      [2, 6, 6, 3],
      [k, k, 3, 4],
    ],
    apply: (tape: Tape, [x, kernel]: Value[]) => tape.conv2d(x, kernel, stride),
  })),
);
cases.push(
  {
    name: 'conv 3x3 stride 2 on an odd side',
    shapes: [
      [2, 5, 5, 2],
      [3, 3, 2, 3],
    ],
    apply: (tape, [x, kernel]) => tape.conv2d(x, kernel, 2),
  },
  { name: 'batchNorm', shapes: [[3, 4, 4, 2], [2], [2]], apply: (tape, [x, s, o]) => tape.batchNorm(x, s, o) },
  {
    name: 'batchNormRelu',
    shapes: [[3, 4, 4, 2], [2], [2]],
    apply: (tape, [x, s, o]) => tape.batchNormRelu(x, s, o),
  },
  {
    name: 'batchNormRelu of 16 channels',
    shapes: [[2, 2, 2, 16], [16], [16]],
    apply: (tape, [x, s, o]) => tape.batchNormRelu(x, s, o),
  },
  { name: 'relu', shapes: [[2, 3, 3, 2]], apply: (tape, [x]) => tape.relu(x) },
  {
    name: 'add of a value to itself and another',
    shapes: [
      [2, 3, 3, 2],
      [2, 3, 3, 2],
    ],
    apply: (tape, [a, b]) => tape.add(tape.add(a, a), b),
  },
  {
    name: 'addRelu of a value to itself and another',
    shapes: [
      [2, 3, 3, 2],
      [2, 3, 3, 2],
    ],
    apply: (tape, [a, b]) => tape.addRelu(tape.addRelu(a, a), b),
  },
  { name: 'maskChannels', shapes: [[2, 3, 3, 2], [2]], apply: (tape, [x, m]) => tape.maskChannels(x, m) },
  { name: 'padTo', shapes: [[2, 3, 3, 2]], apply: (tape, [x]) => tape.padTo(x, [2, 3, 4, 3]) },
  { name: 'weigh', shapes: [[2, 3, 3, 2], []], apply: (tape, [x, w]) => tape.weigh(x, w) },
);

/** Mean cross entropy of a fixed projection of the case's output, with gradients in all inputs when asked. */
function lossOf(engine: Engine, { shapes, apply }: Case, data: Float32Array[], gradients: boolean) {
  const { kernels } = engine;
  const tape = new Tape(kernels, { gradients });
  try {
    const inputs = shapes.map((shape, i) => tape.input(kernels.fromArray(data[i], shape)));
    const y = apply(tape, inputs);
    const channels = y.shape[y.shape.length - 1];
    const fixed = randomOf(5, 'head');
    const head = (n: number) => Float32Array.from({ length: n }, () => drawNormal(fixed));
    const pooled = tape.globalAveragePool(tape.relu(y));
    const weights = tape.constant(kernels.fromArray(head(channels * 3), [channels, 3]));
    const logits = tape.fullyConnected(pooled, weights, tape.constant(kernels.fromArray(head(3), [3])));
    const labels = oneHot(engine, shapes[0][0], 3);
    const losses = tape.crossEntropy(logits, labels);
    kernels.free(labels);
    const loss = losses.reduce((sum, l) => sum + l, 0) / losses.length;
    return { loss, gradients: gradients ? inputs.map((input) => kernels.read(tape.gradientOf(input))) : [] };
  } finally {
    tape.close();
  }
}

function oneHot(engine: Engine, batch: number, classes: number): Tensor {
  const labels = new Float32Array(batch * classes);
  for (let i = 0; i < batch; i++) labels[i * classes + (i % classes)] = 1;
  return engine.kernels.fromArray(labels, [batch, classes]);
}

for (const kind of ['tensorflow', 'wasm'] satisfies EngineKind[]) {
  const skip = availableEngines.includes(kind) ? false : `${kind} is not installed on this machine`;
  describe(`the ${kind} engine`, { skip }, () => {
    let engine: Engine;
    before(async () => {
      engine = await openEngine({ kind, threads: 1 });
    });

    for (const one of cases) {
      test(`the gradients of ${one.name} equal finite differences`, () => {
        const data = one.shapes.map((shape, i) => normals(count(shape), one.name, i));
        const live = engine.kernels.liveTensors();
        const { gradients } = lossOf(engine, one, data, true);
        const step = 5e-3;
        for (const [i, values] of data.entries()) {
          for (let j = 0; j < values.length; j += Math.max(1, Math.floor(values.length / 12))) {
            const [before, half] = [values[j], step / 2];
            values[j] = before + half;
            const above = lossOf(engine, one, data, false).loss;
            values[j] = before - half;
            const below = lossOf(engine, one, data, false).loss;
            values[j] = before;
            const expected = (above - below) / step;
            const found = gradients[i][j];
            assert.ok(Math.abs(found - expected) < 2e-3, `input ${i} entry ${j}: ${found}, by differences ${expected}`);
          }
        }
        assert.equal(engine.kernels.liveTensors(), live, 'no tensor is left behind');
      });
    }

    test('batchNorm normalises with the batch and returns its biased statistics', () => {
      const { kernels } = engine;
      const data = normals(2 * 3 * 3, 'statistics');
      const [x, scale, offset] = [
        kernels.fromArray(data, [2, 3, 3, 1]),
        kernels.fromArray(Float32Array.of(2), [1]),
        kernels.fromArray(Float32Array.of(-1), [1]),
      ];
      const result = kernels.batchNorm(x, scale, offset, { relu: false, statistics: true });
      assert.ok(result.statistics);
      const found = result.statistics;
      const mean = data.reduce((sum, v) => sum + v, 0) / data.length;
      const variance = data.reduce((sum, v) => sum + (v - mean) ** 2, 0) / data.length;
      assert.ok(Math.abs(kernels.read(found.mean)[0] - mean) < 1e-5);
      assert.ok(Math.abs(kernels.read(found.variance)[0] - variance) < 1e-5);
      const fixed = kernels.batchNormFixed(x, scale, offset, found.mean, found.variance);
      const [trained, given] = [kernels.read(result.y), kernels.read(fixed)];
      for (const [i, v] of data.entries()) {
        const expected = (2 * (v - mean)) / Math.sqrt(variance + BATCH_NORM_EPSILON) - 1;
        assert.ok(Math.abs(trained[i] - expected) < 1e-4);
        assert.ok(Math.abs(given[i] - expected) < 1e-4);
      }
      for (const t of [x, scale, offset, result.y, found.mean, found.variance, ...result.saved, fixed]) kernels.free(t);
    });

    test('kernels that take a tensor over give what the others give, and take nothing else', () => {
      const { kernels } = engine;
      const live = kernels.liveTensors();
      const [a, b] = ['a', 'b'].map((name) => kernels.fromArray(normals(24, 'into', name), [2, 3, 4]));
      const one = kernels.fromArray(Float32Array.of(1), []);
      const copy = () => kernels.multiply(a, one);
      for (const [found, expected] of [
        [kernels.addInto(copy(), b), kernels.add(a, b)],
        [kernels.reluInto(copy()), kernels.relu(a)],
        [kernels.reluGradientInto(copy(), b), kernels.reluGradient(a, b)],
      ]) {
        assert.deepEqual(kernels.read(found), kernels.read(expected));
        for (const tensor of [found, expected]) kernels.free(tensor);
      }
      for (const [name, tensor] of Object.entries({ a, b })) {
        assert.deepEqual(kernels.read(tensor), normals(24, 'into', name));
        kernels.free(tensor);
      }
      kernels.free(one);
      assert.equal(kernels.liveTensors(), live);
    });

    test('kernels that run together give what they give one by one, bit for bit', () => {
      const { kernels } = engine;
      const live = kernels.liveTensors();
      const [x, dy] = ['x', 'dy'].map((name) =>
        kernels.fromArray(normals(2 * 6 * 6 * 3, 'together', name), [2, 6, 6, 3]),
      );
      const kernel = kernels.fromArray(normals(3 * 3 * 3 * 3, 'together', 'kernel'), [3, 3, 3, 3]);
      const gradients = (results: Tensor[]) => {
        const before = kernels.reluGradient(dy, x);
        results.push(kernels.conv2dKernelGradient(before, x, kernel.shape, 1));
        const dx = kernels.conv2dInputGradient(before, kernel, x.shape, 1);
        results.push(kernels.addInto(dx, before));
        kernels.free(before);
      };
      const [alone, together]: Tensor[][] = [[], []];
      gradients(alone);
      // The second time the graph is known already.
      for (let i = 0; i < 2; i++) {
        for (const tensor of together.splice(0)) kernels.free(tensor);
        kernels.together(() => gradients(together));
      }
      for (const [i, tensor] of together.entries()) {
        assert.deepEqual(tensor.shape, alone[i].shape);
        assert.deepEqual(kernels.read(tensor), kernels.read(alone[i]));
      }
      for (const tensor of [x, dy, kernel, ...alone, ...together]) kernels.free(tensor);
      assert.equal(kernels.liveTensors(), live);
    });

    test('kernels that fail together leave nothing behind, and the next ones run', () => {
      const { kernels } = engine;
      const live = kernels.liveTensors();
      const [a, b] = [kernels.fromArray(normals(6, 'fail'), [2, 3]), kernels.fromArray(normals(8, 'fail'), [4, 2])];
      const made: Tensor[] = [];
      assert.throws(() =>
        kernels.together(() => {
          made.push(kernels.add(a, a));
          made.push(kernels.matMul(a, b, false, false));
        }),
      );
      kernels.together(() => made.push(kernels.add(a, a)));
      const last = made[made.length - 1];
      assert.deepEqual(
        kernels.read(last),
        normals(6, 'fail').map((value) => 2 * value),
      );
      for (const tensor of [a, b, ...made]) kernels.free(tensor);
      assert.equal(kernels.liveTensors(), live);
    });

    test('padding is the inverse of slicing', () => {
      const { kernels } = engine;
      const x = kernels.fromArray(normals(24, 'slice'), [2, 3, 4]);
      const part = kernels.slice(x, [1, 2, 3]);
      const padded = kernels.padTo(part, [2, 3, 4]);
      const [whole, back] = [kernels.read(x), kernels.read(padded)];
      for (let i = 0; i < 24; i++) {
        const [a, b, c] = [Math.floor(i / 12), Math.floor(i / 4) % 3, i % 4];
        assert.equal(back[i], a < 1 && b < 2 && c < 3 ? whole[i] : 0);
      }
      for (const t of [x, part, padded]) kernels.free(t);
    });

    test('a momentum step is the one of PyTorch', () => {
      // Golden: torch.optim.SGD([w], lr=0.1, momentum=0.9, weight_decay=0.01), w = [1, -2], gradients [0.5, 0.25] scaled by 0.5, two steps.
      const { kernels } = engine;
      const [w, v] = [kernels.variable(Float32Array.of(1, -2), [2]), kernels.variable(new Float32Array(2), [2])];
      const gradient = kernels.fromArray(Float32Array.of(0.5, 0.25), [2]);
      for (let i = 0; i < 2; i++) {
        kernels.momentumStep(w, v, gradient, {
          learningRate: 0.1,
          momentum: 0.9,
          weightDecay: 0.01,
          gradientScale: 0.5,
        });
      }
      const weights = kernels.readVariable(w);
      const [a, b] = kernels.read(weights);
      assert.ok(Math.abs(a - 0.924626) < 1e-6 && Math.abs(b - -2.0304394) < 1e-6, `${a}, ${b}`);
      for (const t of [gradient, weights]) kernels.free(t);
      kernels.freeVariable(w);
      kernels.freeVariable(v);
    });

    test('assigning to a variable copies the data', () => {
      const { kernels } = engine;
      const data = Float32Array.of(1, 2, 3);
      const variable = kernels.variable(data, [3]);
      data.fill(9);
      const value = kernels.readVariable(variable);
      assert.deepEqual([...kernels.read(value)], [1, 2, 3]);
      kernels.free(value);
      kernels.freeVariable(variable);
    });

    test('the self-test passes and leaves no tensor behind', async () => {
      const live = engine.kernels.liveTensors();
      const results = await selfTest(engine.kernels);
      assert.equal(results.length, 10);
      assert.deepEqual(
        results.filter(({ passed }) => !passed),
        [],
      );
      assert.equal(engine.kernels.liveTensors(), live);
    });

    test('the self-test notices a wrong kernel', async () => {
      const { kernels } = engine;
      const conv2dKernelGradient: typeof kernels.conv2dKernelGradient = (...call) => {
        const gradient = kernels.conv2dKernelGradient(...call);
        const doubled = kernels.add(gradient, gradient);
        kernels.free(gradient);
        return doubled;
      };
      const results = await selfTest({ ...kernels, conv2dKernelGradient });
      assert.deepEqual(
        results.filter(({ passed }) => !passed).map(({ name }) => name),
        ['conv1 dKernel', 'conv2 dKernel'],
      );
    });
  });
}
