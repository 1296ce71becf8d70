export { CheckpointError, readCheckpoint, writeCheckpoint } from './checkpoint.ts';
export { type EvaluationResult, evaluateArchitecture } from './evaluate.ts';
export { type Parameter, type StageMixture, SuperNetwork } from './network.ts';
export { type Batch, type MixtureGradient, type SgdStep, thetaStep, weightStep } from './steps.ts';
