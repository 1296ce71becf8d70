import { randomOf, type SearchSpace } from '@nss/space';
import { drawWeightArchitecture } from './draws.ts';
import {
  type Iterations,
  iterationsOf,
  largestProbabilityAt,
  learningRateAt,
  type WeightTraining,
} from './schedule.ts';
import { type Bins, type BinValues, binsOf, probabilitiesOf, zerosOf } from './theta.ts';
import type { Checkpoint, Trainer, WeightSplit, WeightStep } from './trainer.ts';

/** When and under which name weights are stored on the way. Clocks and stores are the caller's. */
export type Checkpointing<State> = {
  /** Asked whenever weights could be stored; `iteration` iterations are done. */
  due(iteration: number): boolean;
  /** Name of the checkpoint that is stored now. */
  idAt(iteration: number): string;
  /** Called with a state to resume from, whose weights are safely stored. */
  stored(state: State): Promise<void>;
};

/** Where a training of weights can go on. */
export type TrainingState = { readonly iteration: number; readonly checkpoint: Checkpoint };

/** What happened since the last report. */
export type TrainingProgress = {
  /** Iterations done, of `iterations.total`. */
  readonly iteration: number;
  /** Cross entropy in nats before each weight step. */
  readonly losses: readonly number[];
};

export type WeightTrainingRun = {
  readonly trainer: Trainer;
  /** Architectures are drawn uniformly from it, largest first during the warmup. */
  readonly space: SearchSpace;
  readonly weights: WeightTraining;
  readonly split: WeightSplit;
  /** Images in that split. */
  readonly images: number;
  readonly seed: number;
  /** Iteration at which to stop; all of them when absent. */
  readonly until?: number;
  /** Every so many iterations only; 1 when absent. */
  readonly stride?: number;
  readonly resumeFrom?: TrainingState;
  readonly checkpointing?: Checkpointing<TrainingState>;
  readonly onProgress?: (progress: TrainingProgress) => void;
  readonly signal?: AbortSignal;
};

/**
 * Trains weights with uniformly drawn sub-networks, largest first during the warmup: the warmup of a search, the stand-alone
 * super network of an evaluation and, on a space of one architecture, a final training. The draws of an iteration follow
 * from seed and iteration alone, so a resumed training goes on as the uninterrupted one would have. Rejects with the
 * reason of `signal`, or with what the trainer rejects with.
 */
export async function trainWeights(run: WeightTrainingRun): Promise<void> {
  const { trainer, checkpointing, stride = 1 } = run;
  const iterations = iterationsOf(run.weights, run.images);
  const until = run.until ?? iterations.total;
  const bins = binsOf(run.space);
  const uniform = probabilitiesOf(zerosOf(bins));
  if (run.resumeFrom) await trainer.load(run.resumeFrom.checkpoint);
  for (let iteration = run.resumeFrom?.iteration ?? 0; iteration < until; ) {
    run.signal?.throwIfAborted();
    const steps: WeightStep[] = [];
    while (steps.length < stepsPerCommand && iteration < until) {
      steps.push(weightStepAt(iteration, { bins, probabilities: uniform, iterations, ...run }));
      iteration += stride;
    }
    const losses = await trainer.weightSteps(run.split, steps);
    run.onProgress?.({ iteration, losses });
    if (checkpointing?.due(iteration)) {
      await checkpointing.stored({ iteration, checkpoint: await trainer.save(checkpointing.idAt(iteration)) });
    }
  }
}

/** The weight step of an iteration: its sub-network and learning rate. */
export function weightStepAt(
  iteration: number,
  run: { bins: Bins; probabilities: BinValues; iterations: Iterations; weights: WeightTraining; seed: number },
): WeightStep {
  return {
    iteration,
    architecture: drawWeightArchitecture(
      randomOf(run.seed, 'weight-step', iteration),
      run.bins,
      run.probabilities,
      largestProbabilityAt(iteration, run.iterations),
    ),
    learningRate: learningRateAt(iteration, run.iterations, run.weights.sgd),
  };
}

/** Enough to hide the way to the trainer and back, few enough to stop and to report soon. */
const stepsPerCommand = 8;
