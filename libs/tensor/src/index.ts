export { type Engine, type EngineKind, type EngineOptions, openEngine } from './engine.ts';
export {
  BATCH_NORM_EPSILON,
  type Kernels,
  type MomentumStep,
  type Tensor,
  type Variable,
} from './kernels.ts';
export { type SelfTestResult, selfTest } from './self-test.ts';
export { type BatchNormStatistics, Tape, type TapeOptions, type Value } from './tape.ts';
