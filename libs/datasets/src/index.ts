export {
  type Augmentation,
  assembleBatch,
  type Batch,
  type BatchOptions,
  type BatchSource,
  batchesPerEpoch,
  batchIndices,
  type Split,
  splitOf,
  trainingBatch,
} from './batch.ts';
export { type DatasetStatus, defaultCacheDir, listDatasets, type PreparedDataset } from './cache.ts';
export {
  type Archive,
  type DatasetInfo,
  type DatasetName,
  datasetInfo,
  datasetNames,
  isDatasetName,
} from './catalog.ts';
export { DatasetError, type DatasetErrorCode, type SpecViolation } from './errors.ts';
export { type Feed, startFeed } from './feed.ts';
export { type FetchOptions, fetchDataset } from './fetch.ts';
export {
  defaultFolderSplit,
  type FolderSplit,
  type ImageFolder,
  scanImageFolder,
} from './image-folder.ts';
export { checkDatasetSpec, type DatasetSpec, type ImageSet, type Images, loadDataset } from './load.ts';
export { folderRecords, prepareImageFolder } from './prepare-folder.ts';
export type { DatasetProgress, OnProgress } from './progress.ts';
