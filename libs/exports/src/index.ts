export { type ExportedSpace, parametersOf, type SpaceParameter } from './exported-space.ts';
export { type ModelCardFacts, modelCard } from './model-card.ts';
export { exportNetwork, type NetworkFile, type NetworkFormat, networkFormatNames } from './network-formats.ts';
export { type SpaceFile, spaceFileSchema } from './space-file.ts';
export { exportSpace, type SpaceFormat, spaceFormatNames } from './space-formats.ts';
export {
  type NetworkFacts,
  NetworkFileError,
  type NetworkTensor,
  readTrainedNetwork,
  type TrainedNetwork,
  writeTrainedNetwork,
} from './trained-network.ts';
