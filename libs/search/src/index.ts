export type { AdamSettings, AdamState } from './adam.ts';
export { drawBins, drawMixture } from './draws.ts';
export {
  type ArchitectureDraw,
  type ArchitecturePolicy,
  type Found,
  type SelectedArchitecture,
  type SpaceDraw,
  selectArchitecture,
  selectEliteSpace,
} from './elite.ts';
export { gumbelSoftmaxGradient } from './gumbel.ts';
export { type Clock, type LocalSgd, type LocalSgdRun, type TrainerPool, trainByLocalSgd } from './local-sgd.ts';
export { type Iterations, iterationsOf, type WeightTraining } from './schedule.ts';
export {
  runSearch,
  type SearchProgress,
  type SearchRun,
  type SearchState,
  type Snapshot,
  type ThetaTraining,
} from './search.ts';
export {
  type Bins,
  type BinValues,
  binsOf,
  entropyOf,
  probabilitiesOf,
  type StageBinValues,
  zerosOf,
} from './theta.ts';
export type {
  Checkpoint,
  CheckpointShare,
  Trainer,
  WeightSplit,
  WeightStep,
} from './trainer.ts';
export {
  type Checkpointing,
  type TrainingProgress,
  type TrainingState,
  trainWeights,
  type WeightTrainingRun,
} from './training.ts';
