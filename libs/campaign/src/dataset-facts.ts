import type { DatasetName } from '@nss/contracts';
import type { InputShape } from '@nss/space';

/** How many classes and images a data set has, as published. */
export type DatasetFacts = { readonly classes: number; readonly trainImages: number; readonly testImages: number };

const facts: Record<DatasetName, DatasetFacts> = {
  'fashion-mnist': { classes: 10, trainImages: 60_000, testImages: 10_000 },
  cifar10: { classes: 10, trainImages: 50_000, testImages: 10_000 },
  cifar100: { classes: 100, trainImages: 50_000, testImages: 10_000 },
};

/** The published size of a data set: what settings are checked against before any image is on this machine. */
export function datasetFacts(name: DatasetName): DatasetFacts {
  return facts[name];
}

/** What networks for a data set take in and give out; every data set comes with 3 channels (grey images are repeated). */
export function inputShapeOf(dataset: { readonly name: DatasetName; readonly imageSize: number }): InputShape {
  return { height: dataset.imageSize, width: dataset.imageSize, channels: 3, classes: facts[dataset.name].classes };
}
