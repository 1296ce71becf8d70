/*
 * The most memory that a trainer's tensor work takes. Argument: `small` (images in memory, steps of the largest network and of the whole
 * mixture, an evaluation) or `paper` (one weight step of the widest and deepest network, 8 images). Prints the peak in bytes.
 */
import { presetOf } from '@nss/campaign';
import { largestArchitecture, randomOf, type SearchSpace, wholeSpace } from '@nss/space';
import { type Batch, evaluateArchitectures, SuperNetwork, thetaStep, weightStep } from '@nss/supernet';
import { openEngine } from '@nss/tensor';

const preset = process.argv[2];
if (preset !== 'small' && preset !== 'paper') throw new Error('expected small or paper');
const { dataset, evaluation, search, searchSpace: space } = presetOf(preset);
const side = dataset.imageSize;
const { kernels } = await openEngine({ kind: 'tensorflow', threads: Number(process.env.NSS_TRAINER_THREADS) });
const network = new SuperNetwork(kernels, space, { height: side, width: side, channels: 3, classes: 10 }, 0);
const largest = largestArchitecture(wholeSpace(space));
const step = { ...search.weights.sgd };

if (preset === 'paper') {
  weightStep(kernels, network, batchOf(8), largest, step);
} else {
  // One byte a value, as a trainer holds them.
  const images = new Uint8Array((dataset.trainImages + dataset.testImages) * side * side * 3).fill(1);
  for (let i = 0; i < 3; i++) {
    weightStep(kernels, network, batchOf(search.weights.batchSize), largest, step);
    thetaStep(kernels, network, batchOf(search.weights.batchSize), evenMixture(space), 0);
  }
  const heldOut = Array.from({ length: dataset.testImages / 250 }, () => batchOf(250));
  evaluateArchitectures(kernels, network, [largest], batchOf(evaluation.calibrationImages), heldOut);
  if (images[0] !== 1) throw new Error('the images are gone');
}
network.close();
console.log(JSON.stringify({ peakBytes: process.resourceUsage().maxRSS * 1024 }));

function batchOf(size: number): Batch {
  const random = randomOf(0, 'images');
  return {
    images: Float32Array.from({ length: size * side * side * 3 }, () => 2 * random.uniform() - 1),
    labels: Int32Array.from({ length: size }, (_, i) => i % 10),
  };
}

/** Every bin with the same weight at its largest value. */
function evenMixture({ stages }: SearchSpace) {
  const bins = (max: number, size: number) => Array.from({ length: max / size }, (_, j) => (j + 1) * size);
  return stages.map(({ depth, width, depthBinSize, widthBinSize }) => {
    const [depths, widths] = [bins(depth.max, depthBinSize), bins(width.max, widthBinSize)];
    return {
      depths,
      depthWeights: depths.map(() => 1 / depths.length),
      widths,
      widthWeights: widths.map(() => 1 / widths.length),
    };
  });
}
