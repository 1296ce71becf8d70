export { type CheckpointSum, checkpointSum } from './average.ts';
export { CheckpointError, readCheckpoint, writeCheckpoint } from './checkpoint.ts';
export { type EvaluationResult, evaluateArchitectures } from './evaluate.ts';
export { extractNetwork, type NamedTensor } from './extract.ts';
export { type Parameter, SuperNetwork } from './network.ts';
export { type Batch, type SgdStep, thetaStep, weightStep } from './steps.ts';
export { taskLosses } from './task-losses.ts';
