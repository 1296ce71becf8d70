import { type Architecture, blockOf, drawNormal, type InputShape, randomOf, type SearchSpace } from '@nss/space';
import type { Kernels, Tape, Value, Variable } from '@nss/tensor';

/** One trained tensor and its momentum. */
export type Parameter = {
  /** For example `stage2.block1.conv1`. */
  readonly name: string;
  readonly weights: Variable;
  readonly velocity: Variable;
};

type BatchNorm = { readonly scale: Parameter; readonly offset: Parameter };

/** A convolution with the BatchNorm that follows it. */
type Convolution = { readonly conv: Parameter; readonly bn: BatchNorm; readonly stride: number };

/** The convolutions of a residual block, in order; the first block of a stage strides and projects. */
type Block = { readonly convolutions: readonly Convolution[]; readonly projection?: Convolution };

/** A stage's mixture on the tape. */
export type StageMixtureValues = {
  /** m[c] = sum_j g_j 1[c < w_j], `[channels]`, at least as many as the widest drawn width: beyond it the mask is zero. */
  readonly mask: Value;
  readonly depths: readonly { readonly depth: number; readonly weight: Value }[];
};

/** Scale of the last BatchNorm of each block at the start: warmed-up blocks begin nearer to the identity. */
const LAST_SCALE = 0.5;
const FULLY_CONNECTED_DEVIATION = 0.05;

/** oneDNN normalises several times slower where the channels are no multiple of this. */
const CHANNEL_MULTIPLE = 4;

/**
 * The weights of every architecture of a search space: those of the largest one, of which a sub-network uses the leading
 * blocks and channels (method section 2).
 */
export class SuperNetwork {
  readonly space: SearchSpace;
  readonly input: InputShape;
  /** All of them, in a fixed order. */
  readonly parameters: readonly Parameter[];
  readonly #kernels: Kernels;
  readonly #stem: Convolution;
  readonly #stages: readonly (readonly Block[])[];
  readonly #head: { readonly weights: Parameter; readonly bias: Parameter };

  /** Fresh weights, decided by the seed (He initialisation for convolutions). */
  constructor(kernels: Kernels, space: SearchSpace, input: InputShape, seed: number) {
    this.#kernels = kernels;
    this.space = space;
    this.input = input;
    const parameters: Parameter[] = [];
    const create = (name: string, shape: number[], fill: (random: () => number) => number): Parameter => {
      const random = randomOf(seed, 'weights', name);
      const size = shape.reduce((product, n) => product * n, 1);
      const data = Float32Array.from({ length: size }, () => fill(() => drawNormal(random)));
      const parameter = {
        name,
        weights: kernels.variable(data, shape),
        velocity: kernels.variable(new Float32Array(size), shape),
      };
      parameters.push(parameter);
      return parameter;
    };
    const convolution = (names: Names, k: number, from: number, to: number, stride = 1, scale = 1): Convolution => {
      const deviation = Math.sqrt(2 / (k * k * from));
      return {
        conv: create(names.conv, [k, k, from, to], (normal) => deviation * normal()),
        bn: {
          scale: create(`${names.bn}.scale`, [to], () => scale),
          offset: create(`${names.bn}.offset`, [to], () => 0),
        },
        stride,
      };
    };

    const { kernels: sides, strided } = blockOf(space);
    this.#stem = convolution({ conv: 'stem.conv', bn: 'stem.bn' }, 3, input.channels, space.stemWidth);
    let from = space.stemWidth;
    this.#stages = space.stages.map(({ depth, width, stride }, i) => {
      const first = from;
      from = width.max;
      return Array.from({ length: depth.max }, (_, k): Block => {
        const name = `stage${i + 1}.block${k + 1}`;
        const [into, to] = [k === 0 ? first : width.max, width.max];
        const convolutions = sides.map((side, j) => {
          const names = { conv: `${name}.conv${j + 1}`, bn: `${name}.bn${j + 1}` };
          const scale = j === sides.length - 1 ? LAST_SCALE : 1;
          return convolution(names, side, j === 0 ? into : to, to, k === 0 && j === strided ? stride : 1, scale);
        });
        if (k > 0) return { convolutions };
        const names = { conv: `${name}.projection`, bn: `${name}.projection.bn` };
        return { convolutions, projection: convolution(names, 1, into, to, stride) };
      });
    });
    this.#head = {
      weights: create('head.weights', [from, input.classes], (normal) => FULLY_CONNECTED_DEVIATION * normal()),
      bias: create('head.bias', [input.classes], () => 0),
    };
    this.parameters = parameters;
  }

  /**
   * Logits `[batch, classes]` of one sub-network: kernels cut to its widths, blocks 1..depth only. x is
   * `[batch, height, width, channels]`. `onParameter` is called with each parameter used; its gradient is then wanted.
   */
  subNetwork(tape: Tape, x: Value, architecture: Architecture, onParameter?: OnParameter): Value {
    const channels = architecture.stages.map(({ width }) => ({ width, count: width }));
    return this.#subNetwork(tape, x, architecture, channels, onParameter);
  }

  /**
   * What `subNetwork` gives, computed faster: with some channels more than the widths where kernels like that better. The
   * normalisations set those to zero, so that neither logits nor gradients know of them.
   */
  paddedSubNetwork(tape: Tape, x: Value, architecture: Architecture, onParameter?: OnParameter): Value {
    const channels = architecture.stages.map(({ width }, i) => ({ width, count: this.paddedWidth(i, width) }));
    return this.#subNetwork(tape, x, architecture, channels, onParameter);
  }

  /** Channels that a width of a stage is best computed with. */
  paddedWidth(stage: number, width: number): number {
    const channels = Math.ceil(width / CHANNEL_MULTIPLE) * CHANNEL_MULTIPLE;
    return Math.min(channels, this.space.stages[stage].width.max);
  }

  /** What `paddedSubNetwork` does, step by step: the output of the stem ... */
  stemOutput(tape: Tape, x: Value): Value {
    return this.#stemOutput(tape, this.#reader(tape), x);
  }

  /** ... of one block after another, cut to the channels of x and to its own width; stage and block count from 0 ... */
  blockOutput(tape: Tape, x: Value, stage: number, block: number, width: number): Value {
    return this.#block(tape, this.#reader(tape), this.#stages[stage][block], x, channelsOf(x), {
      width,
      count: this.paddedWidth(stage, width),
    });
  }

  /** ... and the logits of the last one. */
  logits(tape: Tape, x: Value): Value {
    return this.#logits(tape, this.#reader(tape), x, channelsOf(x));
  }

  /**
   * Logits of a mixture of architectures (FBNetV2 channel masks, method section 4): the mask multiplies the outputs of all
   * ReLUs of each block, and a stage gives sum_j g_j (output of block d_j). Weights get no gradient. Masks are not negative.
   */
  mixture(tape: Tape, x: Value, mixtures: readonly StageMixtureValues[]): Value {
    const use = this.#reader(tape);
    let y = this.#stemOutput(tape, use, x);
    let from = this.space.stemWidth;
    for (const [i, { mask, depths }] of mixtures.entries()) {
      const [width] = mask.shape;
      const channels = { width, count: width, mask };
      let sum: Value | undefined;
      for (const [k, block] of this.#stages[i].slice(0, Math.max(...depths.map(({ depth }) => depth))).entries()) {
        y = this.#block(tape, use, block, y, from, channels);
        from = channels.count;
        for (const { depth, weight } of depths) {
          if (depth !== k + 1) continue;
          const part = tape.weigh(y, weight);
          sum = sum ? tape.add(sum, part) : part;
        }
        tape.release(y, ...(sum ? [sum] : []));
      }
      y = sum ?? y;
    }
    return this.#logits(tape, use, y, from);
  }

  close(): void {
    for (const { weights, velocity } of this.parameters) {
      this.#kernels.freeVariable(weights);
      this.#kernels.freeVariable(velocity);
    }
  }

  #subNetwork(
    tape: Tape,
    x: Value,
    { stages }: Architecture,
    channels: readonly Channels[],
    onParameter?: OnParameter,
  ): Value {
    const use = this.#reader(tape, onParameter);
    let y = this.#stemOutput(tape, use, x);
    let from = this.space.stemWidth;
    for (const [i, { depth }] of stages.entries()) {
      for (const block of this.#stages[i].slice(0, depth)) {
        y = this.#block(tape, use, block, y, from, channels[i]);
        from = channels[i].count;
        tape.release(y);
      }
    }
    return this.#logits(tape, use, y, from);
  }

  #reader(tape: Tape, onParameter?: OnParameter) {
    return (parameter: Parameter, shape: readonly number[]): Value => {
      const value = tape.parameter(parameter.weights, shape, onParameter !== undefined);
      onParameter?.(parameter, value);
      return value;
    };
  }

  #stemOutput(tape: Tape, use: Reader, x: Value): Value {
    const { stemWidth } = this.space;
    const channels = { width: stemWidth, count: stemWidth };
    const y = normalisedConvolution(tape, use, this.#stem, x, this.input.channels, channels, true);
    tape.release(y);
    return y;
  }

  /**
   * A mask m is applied to scale and offset of the normalisations, `[channels]` each, instead of to the outputs of the ReLUs:
   * relu(m z) = m relu(z) as m >= 0.
   */
  #block(tape: Tape, use: Reader, block: Block, x: Value, from: number, channels: Channels): Value {
    let residual = x;
    for (const [j, convolution] of block.convolutions.entries()) {
      const into = j === 0 ? from : channels.count;
      const relu = j < block.convolutions.length - 1;
      residual = normalisedConvolution(tape, use, convolution, residual, into, channels, relu);
    }
    if (block.projection) {
      const projected = normalisedConvolution(tape, use, block.projection, x, from, channels);
      return tape.addRelu(residual, projected);
    }
    return tape.addRelu(residual, channels.mask ? tape.maskChannels(x, channels.mask) : x);
  }

  #logits(tape: Tape, use: Reader, x: Value, from: number): Value {
    const weights = use(this.#head.weights, [from, this.input.classes]);
    return tape.fullyConnected(tape.globalAveragePool(x), weights, use(this.#head.bias, [this.input.classes]));
  }
}

/** A block's width and the channels it is computed with, of which those beyond the width are zero; the mask is `[count]`. */
type Channels = { readonly width: number; readonly count: number; readonly mask?: Value };

/** Names of a convolution's parameters. */
type Names = { readonly conv: string; readonly bn: string };

type OnParameter = (parameter: Parameter, value: Value) => void;

type Reader = (parameter: Parameter, shape: readonly number[]) => Value;

/** A convolution from `from` channels, and its BatchNorm. */
function normalisedConvolution(
  tape: Tape,
  use: Reader,
  { conv, bn, stride }: Convolution,
  x: Value,
  from: number,
  { width, count, mask }: Channels,
  relu = false,
): Value {
  const [k] = conv.weights.shape;
  const y = tape.conv2d(x, use(conv, [k, k, from, count]), stride);
  const [scale, offset] = [bn.scale, bn.offset].map((parameter) => {
    const value = use(parameter, [width]);
    const padded = width < count ? tape.padTo(value, [count]) : value;
    return mask ? tape.maskChannels(padded, mask) : padded;
  });
  return relu ? tape.batchNormRelu(y, scale, offset) : tape.batchNorm(y, scale, offset);
}

const channelsOf = ({ shape }: Value) => shape[shape.length - 1];
