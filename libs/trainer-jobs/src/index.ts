export { SEARCH_METRICS } from './metrics.ts';
export { type SearchToRun, searchFor } from './search.ts';
export { type JobResource, type Session, type TrainerTools, withTrainer } from './session.ts';
export {
  checkBatch,
  checkTarget,
  type ThetaSettings,
  toSettings,
  toWork,
  type WeightSettings,
  type Work,
} from './spec.ts';
export { toSuperNetwork, trainSuperNetwork, weightsOf } from './super-network.ts';
export { type Trained, trainFor, type WeightsToTrain } from './train.ts';
