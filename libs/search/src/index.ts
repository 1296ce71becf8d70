export type {
  Checkpoint,
  MixtureGradient,
  StageMixture,
  Trainer,
  WeightSplit,
  WeightStep,
} from './trainer.ts';
