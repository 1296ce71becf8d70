import type { RunningJob } from '@nss/jobs';
import { type Checkpoint, iterationsOf, type Trainer, type TrainingState, trainWeights } from '@nss/search';
import type { SearchSpace } from '@nss/space';
import { jobCheckpoints } from './checkpoints.ts';
import { withTrainer } from './session.ts';
import type { WeightSettings, Work } from './spec.ts';
import type { JobResource, TrainerTools } from './tools.ts';

export type WeightsToTrain = {
  readonly work: Work;
  /** Architectures are drawn from it; the super network holds it. */
  readonly space: SearchSpace;
  readonly weights: WeightSettings;
  readonly split: 'all' | 'weights';
  /** Iteration at which to stop; all of them when absent. */
  readonly until?: number;
  readonly seed: number;
  /** What people read meanwhile, for example "training the super network". */
  readonly activity: string;
};

/** A trainer whose super network is trained. */
export type Trained = {
  readonly trainer: Trainer;
  /** Holds the trained weights. */
  readonly checkpoint: Checkpoint;
};

/**
 * Trains weights for a job, then calls `use` in the same session. Survives the loss of trainers and of this process:
 * everything goes on from the last checkpoint, also when only `use` is left to do, which therefore must bear being called
 * again.
 */
export async function trainFor<T>(
  job: RunningJob<JobResource>,
  tools: TrainerTools,
  { work, space, weights, split, seed, activity, ...rest }: WeightsToTrain,
  use: (trained: Trained) => Promise<T>,
): Promise<T> {
  const images = split === 'all' ? work.images.all : work.images.half;
  const until = rest.until ?? iterationsOf(weights, images).total;
  const { load, checkpointing, finish } = jobCheckpoints<TrainingState>(job, tools);
  return withTrainer(job, tools, { dataset: work.dataset, space, weights, seed }, async (trainer) => {
    const resumeFrom = await load();
    await trainWeights({
      trainer,
      space,
      weights,
      split,
      images,
      seed,
      until,
      resumeFrom,
      checkpointing,
      onProgress: ({ iteration }) => job.progress({ activity, completed: iteration, total: until, unit: 'iterations' }),
      signal: job.cutOff,
    });
    const isDone = resumeFrom?.iteration === until;
    const checkpoint = isDone ? resumeFrom.checkpoint : await trainer.save(checkpointing.idAt(until));
    // Also when all was done: the worker before may have died before it could drop the older weights.
    await finish({ iteration: until, checkpoint });
    return use({ trainer, checkpoint });
  });
}
