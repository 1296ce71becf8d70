import { type CheckedDatasetSpec, type DatasetName, FOLDER } from '@nss/contracts';
import type { InputShape } from '@nss/space';

/** How many classes and images a data set has, as published or, of an image folder, as found there. */
export type DatasetFacts = { readonly classes: number; readonly trainImages: number; readonly testImages: number };

const facts: Record<DatasetName, DatasetFacts> = {
  'fashion-mnist': { classes: 10, trainImages: 60_000, testImages: 10_000 },
  cifar10: { classes: 10, trainImages: 50_000, testImages: 10_000 },
  cifar100: { classes: 100, trainImages: 50_000, testImages: 10_000 },
};

/** Which data set: its name, and for an image folder what was found there. */
export type NamedDataset = Pick<CheckedDatasetSpec, 'name'> & Partial<Pick<CheckedDatasetSpec, 'folder'>>;

/** The size of a data set: what settings are checked against before any image is on this machine. */
export function datasetFacts({ name, folder }: NamedDataset): DatasetFacts {
  if (name !== FOLDER) return facts[name];
  if (!folder) throw new Error('an image folder came without what was found there');
  return { classes: folder.classNames.length, trainImages: folder.trainImages, testImages: folder.testImages };
}

/** How a data set is called in messages: its name, or the folder's path. */
export function datasetTitle({
  name,
  folder,
}: {
  readonly name: string;
  readonly folder?: { readonly path: string } | undefined;
}): string {
  return folder ? `folder ${folder.path}` : name;
}

/** What networks for a data set take in and give out; every data set comes with 3 channels (grey images are repeated). */
export function inputShapeOf(dataset: NamedDataset & { readonly imageSize: number }): InputShape {
  const { imageSize: side } = dataset;
  return { height: side, width: side, channels: 3, classes: datasetFacts(dataset).classes };
}
