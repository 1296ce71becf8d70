export { type Engine, type EngineKind, type EngineOptions, openEngine } from './engine.ts';
export {
  BATCH_NORM_EPSILON,
  type BatchNormStatistics,
  type Kernels,
  type MomentumStep,
  type Tensor,
  type Variable,
} from './kernels.ts';
export { type SelfTestResult, selfTest } from './self-test.ts';
export { Tape, type TapeOptions, type Value } from './tape.ts';
