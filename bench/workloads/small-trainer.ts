import { presetOf } from '@nss/campaign';
import { assembleBatch, batchIndices, defaultCacheDir, loadDataset, type Split, splitOf } from '@nss/datasets';
import type { Trainer } from '@nss/search';
import { randomOf } from '@nss/space';
import { type Batch, SuperNetwork, taskLosses, thetaStep, weightStep } from '@nss/supernet';
import { openEngine } from '@nss/tensor';

/**
 * A super network of the preset `small` on CIFAR-10, with the part of a trainer that searches call, in this process: what a search
 * costs without the mesh. `NSS_DATASET_MIRROR` may hold the images. `images`: how many the half has that trains weights.
 */
export async function openSmallTrainer(seed: number) {
  const { dataset, search, searchSpace: space } = presetOf('small');
  const images = await loadDataset(
    { name: 'cifar10', ...dataset },
    { cacheDir: process.env.NSS_CACHE_DIR ?? defaultCacheDir(), mirror: process.env.NSS_DATASET_MIRROR },
  );
  const { height, width, channels, classes, mean, std } = images;
  const input = { height, width, channels, classes };
  const { kernels } = await openEngine({ kind: 'tensorflow', threads: Number(process.env.NSS_TRAINER_THREADS) });
  const network = new SuperNetwork(kernels, space, input, seed);
  const { batchSize, sgd, augmentation } = search.weights;

  function batchOf(split: Split, iteration: number): Batch {
    const source = splitOf(images, split);
    const indices = batchIndices(source.count, batchSize, seed, split, iteration);
    if (split === 'theta') return assembleBatch(source, indices, { mean, std });
    const random = randomOf(seed, 'augmentation', split, iteration);
    return assembleBatch(source, indices, { mean, std, augmentation, random });
  }

  const trainer: Pick<Trainer, 'taskLosses' | 'thetaStep' | 'weightSteps'> = {
    thetaStep: async (iteration, mixture) => thetaStep(kernels, network, batchOf('theta', iteration), mixture),
    taskLosses: async (iteration, architectures) =>
      taskLosses(kernels, network, batchOf('theta', iteration), architectures),
    weightSteps: async (split, steps) =>
      steps.map(({ iteration, architecture, learningRate }) =>
        weightStep(kernels, network, batchOf(split, iteration), architecture, { ...sgd, learningRate }),
      ),
  };
  const half = splitOf(images, 'weights').count;
  return { kernels, network, space, input, search, images: half, batchOf, trainer: trainer as Trainer };
}
