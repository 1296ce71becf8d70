import type { Architecture, MixtureGradient, StageMixture } from '@nss/space';
import { type Kernels, Tape, type Tensor, type Value } from '@nss/tensor';
import type { Parameter, SuperNetwork } from './network.ts';
import { cutMixture, THETA_CUT } from './theta-cut.ts';

/** Normalised images `[batch, height, width, channels]` and their labels. */
export type Batch = { readonly images: Float32Array; readonly labels: Int32Array };

export type SgdStep = {
  readonly learningRate: number;
  readonly momentum: number;
  readonly weightDecay: number;
  /** Largest global gradient norm; 0 means no clipping. */
  readonly gradientClip: number;
};

/**
 * One SGD step on the weights that one sub-network uses (method section 4). Parameters of unused blocks are neither read nor
 * changed; of a partly used parameter the unused channels get a zero gradient, as masking would give them.
 * Returns the mean cross entropy in nats before the step.
 */
export function weightStep(
  kernels: Kernels,
  network: SuperNetwork,
  batch: Batch,
  architecture: Architecture,
  sgd: SgdStep,
): number {
  const tape = new Tape(kernels, { gradients: true });
  try {
    const used: { parameter: Parameter; value: Value }[] = [];
    const images = imagesOf(kernels, tape, network, batch);
    const logits = network.paddedSubNetwork(tape, images, architecture, (parameter, value) =>
      used.push({ parameter, value }),
    );
    const loss = crossEntropy(kernels, network, tape, logits, batch);
    tape.release();
    const gradients = used.map(({ value }) => tape.gradientOf(value));
    const gradientScale = clippingScale(kernels, gradients, sgd.gradientClip);
    for (const [i, { parameter }] of used.entries()) {
      updateParameter(kernels, parameter, gradients[i], { ...sgd, gradientScale });
    }
    return loss;
  } finally {
    tape.close();
  }
}

/**
 * Loss of a mixture of architectures and its gradient in the mixture weights, by channel masks and depth mixtures (method section 4).
 * The weights of the network stay as they are. `cut`: see `cutMixture`; 0 computes the whole mixture.
 */
export function thetaStep(
  kernels: Kernels,
  network: SuperNetwork,
  batch: Batch,
  mixtures: readonly StageMixture[],
  cut = THETA_CUT,
): { loss: number; gradients: MixtureGradient[] } {
  const tape = new Tape(kernels, { gradients: true });
  try {
    const computed = mixtures.map((mixture) => cutMixture(mixture, cut));
    const values = computed.map((mixture, i) => ({
      mask: tape.input(maskOf(kernels, mixture, network.paddedWidth(i, Math.max(...mixture.widths)))),
      depths: weightsByDepth(mixture).map(({ depth, weight }) => ({
        depth,
        weight: tape.input(kernels.fromArray(Float32Array.of(weight), [])),
      })),
    }));
    const logits = network.mixture(tape, imagesOf(kernels, tape, network, batch), values);
    const loss = crossEntropy(kernels, network, tape, logits, batch);
    const gradients = computed.map(({ depths, widths }, i) => {
      const mask = kernels.read(tape.gradientOf(values[i].mask));
      const ofDepth = new Map(
        values[i].depths.map(({ depth, weight }) => [depth, kernels.read(tape.gradientOf(weight))[0]]),
      );
      return {
        depthWeights: depths.map((depth) => ofDepth.get(depth) ?? 0),
        // m[c] = sum_j g_j 1[c < w_j]: dL/dg_j sums the mask's gradient over the channels that w_j lets through.
        widthWeights: widths.map((width) => mask.subarray(0, width).reduce((sum, d) => sum + d, 0)),
      };
    });
    return { loss, gradients };
  } finally {
    tape.close();
  }
}

function imagesOf(kernels: Kernels, tape: Tape, { input }: SuperNetwork, { images, labels }: Batch): Value {
  return tape.constant(kernels.fromArray(images, [labels.length, input.height, input.width, input.channels]));
}

/** Mean cross entropy in nats; runs the backward pass when the tape records. */
function crossEntropy(kernels: Kernels, network: SuperNetwork, tape: Tape, logits: Value, { labels }: Batch): number {
  const { classes } = network.input;
  const oneHot = new Float32Array(labels.length * classes);
  for (const [i, label] of labels.entries()) oneHot[i * classes + label] = 1;
  const target = kernels.fromArray(oneHot, [labels.length, classes]);
  try {
    return tape.crossEntropy(logits, target).reduce((sum, loss) => sum + loss, 0) / labels.length;
  } finally {
    kernels.free(target);
  }
}

/** The weights of a mixture's depths, those of the same depth summed. */
function weightsByDepth({ depths, depthWeights }: StageMixture): { depth: number; weight: number }[] {
  const sums = new Map<number, number>();
  for (const [j, depth] of depths.entries()) sums.set(depth, (sums.get(depth) ?? 0) + depthWeights[j]);
  return [...sums].map(([depth, weight]) => ({ depth, weight }));
}

/** m[c] = sum_j g_j 1[c < w_j], `[channels]`. */
function maskOf(kernels: Kernels, { widths, widthWeights }: StageMixture, channels: number): Tensor {
  const mask = new Float32Array(channels);
  for (const [j, width] of widths.entries()) {
    for (let c = 0; c < width; c++) mask[c] += widthWeights[j];
  }
  return kernels.fromArray(mask, [mask.length]);
}

/** The factor that brings the global gradient norm down to the limit, as torch.nn.utils.clip_grad_norm_ does. */
function clippingScale(kernels: Kernels, gradients: readonly Tensor[], limit: number): number {
  if (limit === 0) return 1;
  const norm = Math.sqrt(2 * kernels.halfSquareNorm(gradients));
  return Math.min(1, limit / (norm + 1e-6));
}

function updateParameter(
  kernels: Kernels,
  { weights, velocity }: Parameter,
  gradient: Tensor,
  step: SgdStep & { gradientScale: number },
): void {
  const partial = gradient.shape.some((size, axis) => size !== weights.shape[axis]);
  const whole = partial ? kernels.padTo(gradient, weights.shape) : gradient;
  kernels.momentumStep(weights, velocity, whole, step);
  if (partial) kernels.free(whole);
}
