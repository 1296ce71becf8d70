/*
 * Times training steps of fixed networks. Arguments: repeats (default 10). Prints, for each network, what the peer's `step` prints.
 */
import { type Architecture, randomOf, type SearchSpace } from '@nss/space';
import { SuperNetwork, weightStep } from '@nss/supernet';
import { openEngine } from '@nss/tensor';
import { median } from '../side-by-side.ts';

const BATCH = 64;
const sgd = { learningRate: 0.05, momentum: 0.9, weightDecay: 0, gradientClip: 0 };
const repeats = Number(process.argv[2] ?? 10);
const { kernels } = await openEngine({ kind: 'tensorflow', threads: Number(process.env.NSS_TRAINER_THREADS) });

const random = randomOf(0, 'images');
const batch = {
  images: Float32Array.from({ length: BATCH * 32 * 32 * 3 }, () => 2 * random.uniform() - 1),
  labels: Int32Array.from({ length: BATCH }, (_, i) => i % 10),
};

const timed = [];
for (const widths of [
  [16, 32, 64],
  [64, 64, 64],
  [64, 128, 256],
]) {
  const architecture: Architecture = { stages: widths.map((width) => ({ depth: 2, width })) };
  const input = { height: 32, width: 32, channels: 3, classes: 10 };
  const network = new SuperNetwork(kernels, spaceOfOne(architecture), input, 0);
  const times: number[] = [];
  for (let i = 0; i < repeats + 2; i++) {
    const start = performance.now();
    weightStep(kernels, network, batch, architecture, sgd);
    times.push(performance.now() - start);
  }
  network.close();
  timed.push({ widths, median_ms: median(times.slice(2)), best_ms: Math.min(...times) });
}
console.log(JSON.stringify(timed));

/** The search space that holds this network only, so that no kernel is cut. */
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
