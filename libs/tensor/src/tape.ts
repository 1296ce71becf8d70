import { GradientOwners } from './gradient-owners.ts';
import type { BatchNormStatistics, Kernels, Tensor, Variable } from './kernels.ts';

/** A tensor on a tape: an activation, a parameter or a constant. */
export type Value = { readonly shape: readonly number[] };

type Node = {
  readonly tensor: Tensor;
  readonly shape: readonly number[];
  /** Whether a gradient in this value is wanted. */
  readonly wanted: boolean;
  /** Handed in by the caller, who may use it again at any time. */
  readonly held: boolean;
  /** Times a later backward step will read the tensor. */
  retained: number;
  freed: boolean;
  gradient?: Tensor;
};

export type TapeOptions = {
  /** Whether `backward` will be called; without it nothing is kept for it. */
  readonly gradients: boolean;
  /** Statistics to normalise with instead of the batch's, consumed in order of application. */
  readonly fixedStatistics?: readonly BatchNormStatistics[];
  /** Collects each BatchNorm's batch statistics, in order of application; the caller frees them. */
  readonly collectStatistics?: BatchNormStatistics[];
};

/**
 * Records operations so that `backward` can run them in reverse. Model code reads like the mathematics; the tape owns
 * every tensor it makes. `release` frees what neither the backward pass nor the caller needs any more, so that memory
 * holds what a hand-written step would.
 */
export class Tape {
  readonly #kernels: Kernels;
  readonly #options: TapeOptions;
  /** Backward steps between one `release` and the next. */
  #sections: (() => void)[][] = [[]];
  readonly #owners: GradientOwners;
  #live: Node[] = [];
  #batchNorms = 0;

  constructor(kernels: Kernels, options: TapeOptions) {
    this.#kernels = kernels;
    this.#owners = new GradientOwners(kernels);
    this.#options = options;
  }

  /** Takes ownership of a tensor that needs no gradient. */
  constant(tensor: Tensor): Value {
    return this.#node(tensor, false, true);
  }

  /** Takes ownership of a tensor whose gradient is wanted. */
  input(tensor: Tensor): Value {
    return this.#node(tensor, true, true);
  }

  /**
   * The leading corner of a variable's value, for example a kernel `[k, k, in, out]` cut to a sub-network's widths.
   * `wanted`: whether its gradient is.
   */
  parameter(variable: Variable, shape: readonly number[], wanted: boolean): Value {
    const whole = this.#kernels.readVariable(variable);
    if (shape.every((size, axis) => size === variable.shape[axis])) return this.#node(whole, wanted);
    const part = this.#kernels.slice(whole, shape);
    this.#kernels.free(whole);
    return this.#node(part, wanted);
  }

  conv2d(x: Value, kernel: Value, stride: number): Value {
    const [nx, nk] = [x as Node, kernel as Node];
    const y = this.#node(this.#kernels.conv2d(nx.tensor, nk.tensor, stride), nx.wanted || nk.wanted);
    this.#record(y, [...(nx.wanted ? [nk] : []), ...(nk.wanted ? [nx] : [])], (dy) => {
      if (nk.wanted) this.#accumulate(nk, this.#kernels.conv2dKernelGradient(dy, nx.tensor, nk.shape, stride));
      if (nx.wanted) this.#accumulate(nx, this.#kernels.conv2dInputGradient(dy, nk.tensor, nx.shape, stride));
    });
    return y;
  }

  batchNorm(x: Value, scale: Value, offset: Value): Value {
    return this.#batchNorm(x as Node, scale as Node, offset as Node, false);
  }

  /** `relu(batchNorm(...))` in one pass over the memory. */
  batchNormRelu(x: Value, scale: Value, offset: Value): Value {
    return this.#batchNorm(x as Node, scale as Node, offset as Node, true);
  }

  relu(x: Value): Value {
    const nx = x as Node;
    const y = this.#node(this.#kernels.relu(nx.tensor), nx.wanted);
    this.#record(y, [], (dy) => this.#accumulate(nx, this.#owners.share(dy)), true);
    return y;
  }

  add(a: Value, b: Value): Value {
    return this.#add(a as Node, b as Node, false);
  }

  /** `relu(add(...))`, the sum not being kept. */
  addRelu(a: Value, b: Value): Value {
    return this.#add(a as Node, b as Node, true);
  }

  /** x `[batch, height, width, channels]` times a mask `[channels]`. */
  maskChannels(x: Value, mask: Value): Value {
    const [nx, nm] = [x as Node, mask as Node];
    const y = this.#node(this.#kernels.multiply(nx.tensor, nm.tensor), nx.wanted || nm.wanted);
    this.#record(y, [...(nx.wanted ? [nm] : []), ...(nm.wanted ? [nx] : [])], (dy) => {
      if (nm.wanted) this.#accumulate(nm, this.#kernels.dotChannels(dy, nx.tensor));
      if (nx.wanted) this.#accumulate(nx, this.#kernels.multiply(dy, nm.tensor));
    });
    return y;
  }

  /** x with zeros behind it until the shape is reached. */
  padTo(x: Value, shape: readonly number[]): Value {
    const nx = x as Node;
    const y = this.#node(this.#kernels.padTo(nx.tensor, shape), nx.wanted);
    this.#record(y, [], (dy) => this.#accumulate(nx, this.#kernels.slice(dy, nx.shape)));
    return y;
  }

  /** x times a scalar weight `[]`. */
  weigh(x: Value, weight: Value): Value {
    const [nx, nw] = [x as Node, weight as Node];
    const y = this.#node(this.#kernels.multiply(nx.tensor, nw.tensor), nx.wanted || nw.wanted);
    this.#record(y, [...(nx.wanted ? [nw] : []), ...(nw.wanted ? [nx] : [])], (dy) => {
      if (nw.wanted) this.#accumulate(nw, this.#kernels.dot(dy, nx.tensor));
      if (nx.wanted) this.#accumulate(nx, this.#kernels.multiply(dy, nw.tensor));
    });
    return y;
  }

  /** `[batch, height, width, channels]` -> `[batch, channels]`. */
  globalAveragePool(x: Value): Value {
    const nx = x as Node;
    const y = this.#node(this.#kernels.globalAveragePool(nx.tensor), nx.wanted);
    this.#record(y, [], (dy) => this.#accumulate(nx, this.#kernels.globalAveragePoolGradient(dy, nx.shape)));
    return y;
  }

  /** x `[batch, in]` times weights `[in, out]` plus bias `[out]`. */
  fullyConnected(x: Value, weights: Value, bias: Value): Value {
    const [nx, nw, nb] = [x as Node, weights as Node, bias as Node];
    const product = this.#kernels.matMul(nx.tensor, nw.tensor, false, false);
    const y = this.#node(this.#kernels.addBias(product, nb.tensor), nx.wanted || nw.wanted || nb.wanted);
    this.#kernels.free(product);
    this.#record(y, [...(nx.wanted ? [nw] : []), ...(nw.wanted ? [nx] : [])], (dy) => {
      if (nb.wanted) this.#accumulate(nb, this.#kernels.sumRows(dy));
      if (nw.wanted) this.#accumulate(nw, this.#kernels.matMul(nx.tensor, dy, true, false));
      if (nx.wanted) this.#accumulate(nx, this.#kernels.matMul(dy, nw.tensor, false, true));
    });
    return y;
  }

  /**
   * Cross entropy in nats of each image `[batch]`, its mean being the loss; `labels` are one-hot `[batch, classes]`.
   * With gradients on, starts the backward pass from the mean and runs it: gradients are then ready for `gradientOf`.
   */
  crossEntropy(logits: Value, labels: Tensor): Float32Array {
    const nl = logits as Node;
    const { losses, gradient } = this.#kernels.softmaxCrossEntropy(nl.tensor, labels);
    const values = this.#kernels.read(losses);
    this.#kernels.free(losses);
    if (this.#options.gradients) {
      const share = this.#kernels.fromArray(Float32Array.of(1 / values.length), []);
      this.#accumulate(nl, this.#kernels.multiply(gradient, share));
      this.#kernels.free(share);
      for (const steps of this.#sections.toReversed()) {
        this.#kernels.together(() => {
          for (const step of steps.toReversed()) step();
        });
      }
      this.#sections = [[]];
    }
    this.#kernels.free(gradient);
    return values;
  }

  /** The value itself, copied out. */
  read(value: Value): Float32Array {
    return this.#kernels.read((value as Node).tensor);
  }

  /** The gradient of a wanted value after the backward pass; still owned by the tape. */
  gradientOf(value: Value): Tensor {
    const { gradient } = value as Node;
    if (!gradient) throw new Error(`no gradient reached a value of shape [${value.shape}]`);
    return gradient;
  }

  /**
   * Frees every result and parameter made so far that the backward pass does not need, but for the values to keep. Inputs and
   * constants stay until `close`. What was recorded since the last time goes backward together (`Kernels.together`).
   */
  release(...keep: Value[]): void {
    this.#sections.push([]);
    const kept = new Set(keep);
    this.#live = this.#live.filter((node) => {
      if (node.held || node.retained > 0 || kept.has(node)) return true;
      this.#freeTensor(node);
      // A value that awaits its gradient loses its memory, not its place.
      return node.wanted;
    });
  }

  /** Frees everything. Must be called once, whatever happened. */
  close(): void {
    for (const node of this.#live) {
      this.#freeTensor(node);
      if (node.gradient) this.#owners.drop(node.gradient);
      node.gradient = undefined;
    }
    this.#live = [];
    this.#sections = [[]];
  }

  #add(a: Node, b: Node, relu: boolean): Node {
    const sum = this.#kernels.add(a.tensor, b.tensor);
    const y = this.#node(relu ? this.#kernels.reluInto(sum) : sum, a.wanted || b.wanted);
    const backward = (dy: Tensor) => {
      for (const node of [a, b]) this.#accumulate(node, this.#owners.share(dy));
    };
    this.#record(y, [], backward, relu);
    return y;
  }

  #batchNorm(x: Node, scale: Node, offset: Node, relu: boolean): Node {
    const { fixedStatistics, collectStatistics } = this.#options;
    const fixed = fixedStatistics?.[this.#batchNorms++];
    if (fixed) {
      const y = this.#kernels.batchNormFixed(x.tensor, scale.tensor, offset.tensor, fixed.mean, fixed.variance);
      return this.#node(relu ? this.#kernels.reluInto(y) : y, false);
    }
    const options = { relu, statistics: collectStatistics !== undefined };
    const { y: result, statistics, saved } = this.#kernels.batchNorm(x.tensor, scale.tensor, offset.tensor, options);
    if (statistics) collectStatistics?.push(statistics);
    const y = this.#node(result, x.wanted || scale.wanted || offset.wanted);
    const kept = saved.map((tensor) => this.#node(tensor, false));
    const backward = (dy: Tensor) => {
      const gradient = this.#kernels.batchNormGradient(dy, x.tensor, scale.tensor, saved);
      this.#accumulate(x, gradient.dx);
      this.#accumulate(scale, gradient.dScale);
      this.#accumulate(offset, gradient.dOffset);
    };
    this.#record(y, [x, scale, ...kept], backward, relu);
    return y;
  }

  #node(tensor: Tensor, wanted: boolean, held = false): Node {
    const { gradients } = this.#options;
    const node = { tensor, shape: tensor.shape, wanted: wanted && gradients, held, retained: 0, freed: false };
    this.#live.push(node);
    return node;
  }

  /**
   * Notes how a gradient in y reaches its inputs. `reads`: nodes whose tensors the backward step needs. `relu`: y is the output of a
   * ReLU; `backward` then gets the gradient in what was its input.
   */
  #record(y: Node, reads: readonly Node[], backward: (dy: Tensor) => void, relu = false): void {
    if (!y.wanted) return;
    const read = relu ? [...reads, y] : reads;
    for (const node of read) node.retained++;
    this.#sections[this.#sections.length - 1].push(() => {
      const { gradient } = y;
      y.gradient = undefined;
      if (gradient) {
        const dy = relu ? this.#owners.reluGradient(gradient, y.tensor) : gradient;
        backward(dy);
        this.#owners.drop(dy);
      }
      for (const node of read) {
        node.retained--;
        if (node.retained === 0) this.#freeTensor(node);
      }
      if (y.retained === 0) this.#freeTensor(y);
    });
  }

  #accumulate(node: Node, gradient: Tensor): void {
    if (!node.wanted) {
      this.#owners.drop(gradient);
    } else if (node.gradient) {
      node.gradient = this.#owners.sum(node.gradient, gradient);
    } else {
      node.gradient = gradient;
    }
  }

  #freeTensor(node: Node): void {
    if (node.freed) return;
    node.freed = true;
    this.#kernels.free(node.tensor);
  }
}
