import { type Architecture, type BlockType, parseArchitecture, randomOf, singleArchitectureSpace } from '@nss/space';
import { type Batch, extractNetwork, SuperNetwork, weightStep } from '@nss/supernet';
import { BATCH_NORM_EPSILON, type BatchNormStatistics, type Engine, Tape } from '@nss/tensor';
import type { NetworkFacts, NetworkTensor } from '../src/index.ts';
import { exported } from './spaces.ts';

export const architecture: Architecture = parseArchitecture('2x5-3x8');

/** A network that has learnt a little, as a trainer exports it, and the logits that the trainer computes for some pixels. */
export type Sample = {
  readonly facts: NetworkFacts;
  readonly tensors: readonly NetworkTensor[];
  /** `[batch, height, width, channels]`, whole numbers from 0 to 255. */
  readonly pixels: Float32Array;
  readonly batch: number;
  /** `[batch, classes]`. */
  readonly logits: Float32Array;
};

/** Weights, statistics and logits by the engine's own kernels. The side of 15 pixels and the stride of 2 make padding uneven. */
export function sampleNetwork({ kernels }: Engine, block?: BlockType): Sample {
  const { input } = exported;
  const searchSpace = { ...exported.searchSpace, ...(block && { block }) };
  const normalisation = { mean: [0.49, 0.48, 0.45], std: [0.25, 0.24, 0] };
  const network = new SuperNetwork(kernels, singleArchitectureSpace(searchSpace, architecture), input, 0);
  const batchOf = (count: number, seed: number): { pixels: Float32Array; batch: Batch } => {
    const random = randomOf(seed, 'pixels');
    const size = count * input.height * input.width * input.channels;
    const pixels = Float32Array.from({ length: size }, () => random.integer(0, 255));
    const images = pixels.map((pixel, i) => {
      const { mean, std } = normalisation;
      return (pixel / 255 - mean[i % 3]) / (std[i % 3] || 1);
    });
    return { pixels, batch: { images, labels: Int32Array.from({ length: count }, (_, i) => i % input.classes) } };
  };
  const sgd = { learningRate: 0.05, momentum: 0.9, weightDecay: 0, gradientClip: 5 };
  for (let i = 0; i < 3; i++) weightStep(kernels, network, batchOf(16, i).batch, architecture, sgd);

  const calibration = batchOf(32, 10).batch;
  const { pixels, batch } = batchOf(7, 11);
  const logits = calibratedLogits({ kernels } as Engine, network, calibration, batch);
  const facts = {
    architecture,
    ...(block && { block }),
    stemWidth: searchSpace.stemWidth,
    strides: searchSpace.stages.map(({ stride }) => stride),
    input,
    normalisation,
    batchNormEpsilon: BATCH_NORM_EPSILON,
    calibrationImages: calibration.labels.length,
  };
  const tensors = extractNetwork(kernels, network, architecture, calibration);
  network.close();
  return { facts, tensors, pixels, batch: batch.labels.length, logits };
}

/** What `evaluateArchitectures` computes on its way to the error. */
function calibratedLogits({ kernels }: Engine, network: SuperNetwork, calibration: Batch, batch: Batch): Float32Array {
  const statistics: BatchNormStatistics[] = [];
  const run = ({ images, labels }: Batch, mode: object): Float32Array => {
    const tape = new Tape(kernels, { gradients: false, ...mode });
    const { height, width, channels } = network.input;
    const x = tape.constant(kernels.fromArray(images, [labels.length, height, width, channels]));
    const logits = tape.read(network.subNetwork(tape, x, architecture));
    tape.close();
    return logits;
  };
  run(calibration, { collectStatistics: statistics });
  const logits = run(batch, { fixedStatistics: statistics });
  for (const { mean, variance } of statistics) for (const tensor of [mean, variance]) kernels.free(tensor);
  return logits;
}
