import { presetOf } from '@nss/campaign';
import { defaultCacheDir, loadDataset, type Split, splitOf, trainingBatch } from '@nss/datasets';
import type { Trainer } from '@nss/search';
import { SuperNetwork, taskLosses, thetaStep, weightStep } from '@nss/supernet';
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
  const { height, width, channels, classes } = images;
  const input = { height, width, channels, classes };
  const { kernels } = await openEngine({ kind: 'tensorflow', threads: Number(process.env.NSS_TRAINER_THREADS) });
  const network = new SuperNetwork(kernels, space, input, seed);
  const { sgd } = search.weights;

  const batchOf = (split: Split, iteration: number) =>
    trainingBatch({ ...images, ...search.weights, seed }, split, iteration);

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
