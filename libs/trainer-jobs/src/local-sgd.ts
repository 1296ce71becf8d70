import { setTimeout as delay } from 'node:timers/promises';
import type { RunningJob } from '@nss/jobs';
import {
  type Checkpoint,
  type Clock,
  iterationsOf,
  type LocalSgd,
  type TrainingState,
  trainByLocalSgd,
} from '@nss/search';
import { jobCheckpoints } from './checkpoints.ts';
import type { JobResource, TrainerTools } from './tools.ts';
import type { WeightsToTrain } from './train.ts';
import { withTrainerPool } from './trainer-pool.ts';

/**
 * Trains weights for a job with several trainers, by rounds of local SGD. Survives the loss of trainers, within a round, and of this process,
 * which goes on with the round that it had begun, from its beginning. What lost or late trainers stored goes with the next state.
 */
export async function trainWithSeveral(
  job: RunningJob<JobResource>,
  tools: TrainerTools,
  { work, space, weights, split, seed, activity, ...rest }: WeightsToTrain,
  localSgd: LocalSgd,
): Promise<Checkpoint> {
  const images = split === 'all' ? work.images.all : work.images.half;
  const until = rest.until ?? iterationsOf(weights, images).total;
  const { load, checkpointing, finish } = jobCheckpoints<TrainingState>(job, tools);
  const session = { dataset: work.dataset, space, weights, seed };
  const state = await withTrainerPool(job, tools, session, localSgd.trainers, async (pool) =>
    trainByLocalSgd({
      pool,
      localSgd,
      space,
      weights,
      split,
      images,
      seed,
      until,
      resumeFrom: await load(),
      checkpointing,
      clock,
      onProgress: ({ iteration }) => job.progress({ activity, completed: iteration, total: until, unit: 'iterations' }),
      signal: job.signal,
    }),
  );
  // Also when all was done: the worker before may have died before it could drop other weights.
  await finish(state);
  return state.checkpoint;
}

const clock: Clock = {
  nowMs: () => performance.now(),
  wait: (ms, signal) => delay(ms, undefined, { signal }).catch(() => {}),
};
