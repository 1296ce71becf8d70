export { SEARCH_METRICS } from './metrics.ts';
export { type SearchToRun, searchFor } from './search.ts';
export { type Session, withTrainer } from './session.ts';
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
export type { JobResource, TrainerTools } from './tools.ts';
export { type Trained, trainFor, type WeightsToTrain } from './train.ts';
