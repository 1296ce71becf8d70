import { type Architecture, randomOf, type SearchSpace } from '@nss/space';
import { type Batch, SuperNetwork, weightStep } from '@nss/supernet';
import type { Kernels } from '@nss/tensor';

const BATCH = 64;

/** What the networks of P1 are trained with. */
export const sgd = { learningRate: 0.05, momentum: 0.9, weightDecay: 0, gradientClip: 0 };

/** The networks of P1: two blocks a stage, of these widths. */
export const networkWidths = [
  [16, 32, 64],
  [64, 64, 64],
  [64, 128, 256],
];

/** Noise and labels in turn. */
export function batchOfNoise(imageSize = 32): Batch {
  const random = randomOf(0, 'images');
  return {
    images: Float32Array.from({ length: BATCH * imageSize ** 2 * 3 }, () => 2 * random.uniform() - 1),
    labels: Int32Array.from({ length: BATCH }, (_, i) => i % 10),
  };
}

type FixedNetwork = ReturnType<typeof fixedNetwork>;

/** A network and the super network that holds it only, so that no kernel is cut. */
export function fixedNetwork(kernels: Kernels, widths: readonly number[], { depth = 2, imageSize = 32 } = {}) {
  const architecture: Architecture = { stages: widths.map((width) => ({ depth, width })) };
  const input = { height: imageSize, width: imageSize, channels: 3, classes: 10 };
  return { architecture, network: new SuperNetwork(kernels, spaceOfOne(architecture), input, 0) };
}

/** Milliseconds of each of `repeats` training steps; two that the engine needs to get going are left out. */
export function stepTimes(kernels: Kernels, { architecture, network }: FixedNetwork, batch: Batch, repeats: number) {
  const times: number[] = [];
  for (let i = 0; i < repeats + 2; i++) {
    const start = performance.now();
    weightStep(kernels, network, batch, architecture, sgd);
    times.push(performance.now() - start);
  }
  return times.slice(2);
}

function spaceOfOne({ stages }: Architecture): SearchSpace {
  return {
    stemWidth: 16,
    stages: stages.map(({ depth, width }, i) => ({
      stride: i === 0 ? 1 : 2,
      depth: { min: depth, max: depth },
      width: { min: width, max: width },
      depthBinSize: 1,
      widthBinSize: 1,
    })),
  };
}
