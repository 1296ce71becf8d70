import * as tf from '@tensorflow/tfjs-core';
import { BATCH_NORM_EPSILON, type Kernels, type Tensor, type Variable } from './kernels.ts';

type PortableVariable = Variable & { value: tf.Tensor };

const of = <R extends tf.Rank>(tensor: Tensor) => tensor as tf.Tensor<R>;
const image = (tensor: Tensor) => of<tf.Rank.R4>(tensor);
const matrix = (tensor: Tensor) => of<tf.Rank.R2>(tensor);
const vector = (tensor: Tensor) => of<tf.Rank.R1>(tensor);

const relu = (x: Tensor): Tensor => tf.relu(of(x));
const reluGradient = (dy: Tensor, y: Tensor): Tensor =>
  tf.tidy(() => tf.mul(of(dy), tf.cast(tf.greater(of(y), 0), 'float32')));
const add = (a: Tensor, b: Tensor): Tensor => tf.add(of(a), of(b));

/** tfjs computes nothing in place: what is taken over is freed. */
function into(taken: Tensor, result: Tensor): Tensor {
  of(taken).dispose();
  return result;
}

/**
 * The same operations from tfjs-core's public ones, for whatever backend is set (WebAssembly). Nothing here needs
 * `Conv2DBackpropFilter`, which the WebAssembly backend lacks.
 */
export function portableKernels(): Kernels {
  const before = tf.memory().numTensors;
  return {
    fromArray: (data, shape) => tf.tensor(data, [...shape], data instanceof Int32Array ? 'int32' : 'float32'),
    read: (tensor) => Float32Array.from(of(tensor).dataSync()),
    free: (tensor) => of(tensor).dispose(),
    liveTensors: () => tf.memory().numTensors - before,

    together: (compute) => compute(),

    conv2d: (x, kernel, stride) => tf.conv2d(image(x), image(kernel), stride, 'same'),
    conv2dInputGradient: (dy, kernel, inputShape, stride) =>
      tf.conv2dTranspose(image(dy), image(kernel), inputShape as [number, number, number, number], stride, 'same'),
    conv2dKernelGradient: (dy, x, kernelShape, stride) =>
      tf.tidy(() => {
        // dK[a, b, i, o] = sum over n, y, x of X[n, s y + a, s x + b, i] dY[n, y, x, o] is a convolution of X, its batch
        // taken as channels, with dY as the kernel, dilated by the stride.
        const [, rows, columns] = dy.shape;
        const height = (rows - 1) * stride + kernelShape[0];
        const width = (columns - 1) * stride + kernelShape[1];
        const window = fitTo(fitTo(image(x), 1, height), 2, width);
        const gradient = tf.conv2d(
          tf.transpose(window, [3, 1, 2, 0]),
          tf.transpose(image(dy), [1, 2, 0, 3]),
          1,
          'valid',
          'NHWC',
          stride,
        );
        return tf.transpose(gradient, [1, 2, 0, 3]);
      }),

    batchNorm(x, scale, offset, { relu, statistics }) {
      const [y, mean, variance] = tf.tidy(() => {
        const { mean, variance } = tf.moments(image(x), [0, 1, 2]);
        const y = tf.batchNorm(
          image(x),
          vector(mean),
          vector(variance),
          vector(offset),
          vector(scale),
          BATCH_NORM_EPSILON,
        );
        return [relu ? tf.relu(y) : y, mean, variance];
      });
      const saved = [mean, variance];
      return { y, saved, statistics: statistics ? { mean: mean.clone(), variance: variance.clone() } : undefined };
    },
    batchNormGradient(dy, x, scale, saved) {
      const [dx, dScale, dOffset] = tf.tidy(() => {
        const [mean, variance] = saved.map(of);
        const n = x.shape[0] * x.shape[1] * x.shape[2];
        const inverse = tf.rsqrt(tf.add(variance, BATCH_NORM_EPSILON));
        const normalised = tf.mul(tf.sub(of(x), mean), inverse);
        const dOffset = tf.sum(of(dy), [0, 1, 2]);
        const dScale = tf.sum(tf.mul(of(dy), normalised), [0, 1, 2]);
        const centred = tf.sub(tf.sub(of(dy), tf.div(dOffset, n)), tf.mul(normalised, tf.div(dScale, n)));
        return [tf.mul(centred, tf.mul(inverse, of(scale))), dScale, dOffset];
      });
      return { dx, dScale, dOffset };
    },
    batchNormFixed: (x, scale, offset, mean, variance) =>
      tf.batchNorm(image(x), vector(mean), vector(variance), vector(offset), vector(scale), BATCH_NORM_EPSILON),

    relu,
    reluInto: (x) => into(x, relu(x)),
    reluGradient,
    reluGradientInto: (dy, y) => into(dy, reluGradient(dy, y)),
    add,
    addInto: (a, b) => into(a, add(a, b)),
    multiply: (a, b) => tf.mul(of(a), of(b)),
    dotChannels: (a, b) =>
      tf.tidy(() => {
        const axes = a.shape.slice(0, -1).map((_, axis) => axis);
        return tf.sum(tf.mul(of(a), of(b)), axes);
      }),
    dot: (a, b) => tf.tidy(() => tf.sum(tf.mul(of(a), of(b)))),

    globalAveragePool: (x) => tf.mean(image(x), [1, 2]),
    globalAveragePoolGradient: (dy, inputShape) =>
      tf.tidy(() => {
        const [batch, height, width, channels] = inputShape;
        const pooled = tf.reshape(tf.div(of(dy), height * width), [batch, 1, 1, channels]);
        return tf.tile(pooled, [1, height, width, 1]);
      }),
    matMul: (a, b, transposeA, transposeB) => tf.matMul(matrix(a), matrix(b), transposeA, transposeB),
    addBias: (x, b) => tf.add(of(x), of(b)),
    sumRows: (dy) => tf.sum(of(dy), 0),
    softmaxCrossEntropy(logits, labels) {
      const [losses, gradient] = tf.tidy(() => {
        const log = tf.logSoftmax(matrix(logits));
        return [tf.neg(tf.sum(tf.mul(log, of(labels)), -1)), tf.sub(tf.exp(log), of(labels))];
      });
      return { losses, gradient };
    },

    slice: (x, shape) =>
      tf.slice(
        of(x),
        shape.map(() => 0),
        [...shape],
      ),
    padTo: (x, shape) =>
      tf.pad(
        of(x),
        shape.map((size, axis) => [0, size - x.shape[axis]] as [number, number]),
      ),
    halfSquareNorm: (tensors) =>
      tensors.reduce((sum, tensor) => sum + tf.tidy(() => tf.sum(tf.square(of(tensor))).dataSync()[0] / 2), 0),

    variable: (data, shape): PortableVariable => ({ shape, value: tf.tensor(data.slice(), [...shape]) }),
    readVariable: (variable) => (variable as PortableVariable).value.clone(),
    assign: (variable, data) => replace(variable, tf.tensor(data.slice(), [...variable.shape])),
    freeVariable: (variable) => (variable as PortableVariable).value.dispose(),
    momentumStep(weights, velocity, gradient, { learningRate, momentum, weightDecay, gradientScale }) {
      const w = (weights as PortableVariable).value;
      const v = (velocity as PortableVariable).value;
      const [nextV, nextW] = tf.tidy(() => {
        const g = tf.add(tf.mul(of(gradient), gradientScale), tf.mul(w, weightDecay));
        const nextV = tf.add(tf.mul(v, momentum), g);
        return [nextV, tf.sub(w, tf.mul(nextV, learningRate))];
      });
      replace(velocity, nextV);
      replace(weights, nextW);
    },
  };
}

function replace(variable: Variable, value: tf.Tensor): void {
  const holder = variable as PortableVariable;
  holder.value.dispose();
  holder.value = value;
}

/** Pads (as SAME does: the smaller half in front) or cuts an axis of x to the size that VALID windows need. */
function fitTo(x: tf.Tensor4D, axis: number, size: number): tf.Tensor4D {
  const excess = size - x.shape[axis];
  if (excess < 0) {
    const shape = [...x.shape];
    shape[axis] = size;
    return tf.slice(x, [0, 0, 0, 0], shape);
  }
  const front = Math.floor(excess / 2);
  return tf.pad(
    x,
    x.shape.map((_, i) => (i === axis ? [front, excess - front] : [0, 0])) as [number, number][] as never,
  ) as tf.Tensor4D;
}
