/** A dense float32 (labels: int32) array that lives in the engine. Layouts: images `[batch, height, width, channels]`, kernels `[k, k, in, out]`. */
export type Tensor = { readonly shape: readonly number[] };

/** A tensor with a place of its own that optimiser steps update. */
export type Variable = { readonly shape: readonly number[] };

/** Statistics of one BatchNorm over a batch: mean and (biased) variance, `[channels]` each. */
export type BatchNormStatistics = { readonly mean: Tensor; readonly variance: Tensor };

export type BatchNormOptions = {
  /** Whether a ReLU follows: y is then its output. */
  readonly relu: boolean;
  /** Whether the statistics are wanted: recalibration collects them. */
  readonly statistics: boolean;
};

export type BatchNormResult = {
  /** `[batch, height, width, channels]`. */
  readonly y: Tensor;
  /** There when wanted. */
  readonly statistics?: BatchNormStatistics;
  /** What `batchNormGradient` needs besides its arguments. */
  readonly saved: readonly Tensor[];
};

export type MomentumStep = {
  readonly learningRate: number;
  readonly momentum: number;
  readonly weightDecay: number;
  /** Factor on the gradient, below one when the gradient norm is clipped. */
  readonly gradientScale: number;
};

/** Added to the variance in every BatchNorm. */
export const BATCH_NORM_EPSILON = 1e-5;

/**
 * The operations that the super network needs, on one engine. Every result is a new tensor that the caller frees;
 * nothing is freed or changed behind the caller's back, but by what is named `...Into`: it takes its first argument over, which
 * the caller has no longer, and may put the result in its place. Convolutions pad to SAME.
 */
export type Kernels = {
  fromArray(data: Float32Array | Int32Array, shape: readonly number[]): Tensor;
  /** A copy of the data, row-major. */
  read(tensor: Tensor): Float32Array;
  free(tensor: Tensor): void;
  /** Live tensors and variables; constant over training steps. */
  liveTensors(): number;

  /**
   * Runs the kernels that `compute` calls, at the latest when it returns: those that do not depend on each other at the same time.
   * Within it no result's values or shape may be asked for, and no variable used.
   */
  together(compute: () => void): void;

  conv2d(x: Tensor, kernel: Tensor, stride: number): Tensor;
  conv2dInputGradient(dy: Tensor, kernel: Tensor, inputShape: readonly number[], stride: number): Tensor;
  conv2dKernelGradient(dy: Tensor, x: Tensor, kernelShape: readonly number[], stride: number): Tensor;

  /** Normalises with the statistics of the batch. */
  batchNorm(x: Tensor, scale: Tensor, offset: Tensor, options: BatchNormOptions): BatchNormResult;
  /** dy is the gradient in what was normalised, before a ReLU. */
  batchNormGradient(
    dy: Tensor,
    x: Tensor,
    scale: Tensor,
    saved: readonly Tensor[],
  ): { dx: Tensor; dScale: Tensor; dOffset: Tensor };
  /** Normalises with given statistics. */
  batchNormFixed(x: Tensor, scale: Tensor, offset: Tensor, mean: Tensor, variance: Tensor): Tensor;

  relu(x: Tensor): Tensor;
  reluInto(x: Tensor): Tensor;
  /** Takes the output of the ReLU. */
  reluGradient(dy: Tensor, y: Tensor): Tensor;
  reluGradientInto(dy: Tensor, y: Tensor): Tensor;
  add(a: Tensor, b: Tensor): Tensor;
  addInto(a: Tensor, b: Tensor): Tensor;
  /** Product with broadcasting: b is `[channels]` or a scalar `[]`. */
  multiply(a: Tensor, b: Tensor): Tensor;
  /** Sum of a * b over all axes but the last: `[channels]`. */
  dotChannels(a: Tensor, b: Tensor): Tensor;
  /** Sum of a * b over all axes: `[]`. */
  dot(a: Tensor, b: Tensor): Tensor;

  /** `[batch, height, width, channels]` -> `[batch, channels]`. */
  globalAveragePool(x: Tensor): Tensor;
  globalAveragePoolGradient(dy: Tensor, inputShape: readonly number[]): Tensor;
  /** a `[m, k]` times b `[k, n]`, either one transposed first. */
  matMul(a: Tensor, b: Tensor, transposeA: boolean, transposeB: boolean): Tensor;
  /** Adds b `[channels]` to every row. */
  addBias(x: Tensor, b: Tensor): Tensor;
  /** Sum over the batch: the gradient of addBias in b. */
  sumRows(dy: Tensor): Tensor;
  /** Cross entropy in nats `[batch]` and its gradient in the logits `[batch, classes]`; labels are one-hot. */
  softmaxCrossEntropy(logits: Tensor, labels: Tensor): { losses: Tensor; gradient: Tensor };

  /** The leading corner of the given shape. */
  slice(x: Tensor, shape: readonly number[]): Tensor;
  /** Zeros behind the data until the shape is reached: the gradient of slice. */
  padTo(x: Tensor, shape: readonly number[]): Tensor;
  /** Half the sum of squares of each tensor, summed. */
  halfSquareNorm(tensors: readonly Tensor[]): number;

  variable(data: Float32Array, shape: readonly number[]): Variable;
  readVariable(variable: Variable): Tensor;
  assign(variable: Variable, data: Float32Array): void;
  freeVariable(variable: Variable): void;
  /**
   * SGD with momentum as PyTorch defines it: g = gradientScale * gradient + weightDecay * weights;
   * velocity = momentum * velocity + g; weights -= learningRate * velocity.
   */
  momentumStep(weights: Variable, velocity: Variable, gradient: Tensor, step: MomentumStep): void;
};
