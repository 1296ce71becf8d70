import { type CheckedDatasetSpec, fromSearchSpace, type JobStatus, type TrainerUse } from '@nss/contracts';
import type { RunningJob } from '@nss/jobs';
import type { Trainer } from '@nss/search';
import type { SearchSpace } from '@nss/space';
import { type TrainerInfo, withTrainerRetry } from '@nss/trainers';
import { forgetLostWeights } from './checkpoints.ts';
import type { WeightSettings } from './spec.ts';
import type { JobResource, TrainerTools } from './tools.ts';

/** The super network that a session begins with. */
export type Session = {
  readonly dataset: CheckedDatasetSpec;
  readonly space: SearchSpace;
  readonly weights: WeightSettings;
  readonly seed: number;
};

/**
 * Waits until the tenant may use one more trainer, and for one, and runs `use` with it; again with another one when it is lost, so
 * `use` begins by loading where it can go on, and calls `progressed` when it has stored that otherwise than by a checkpoint. Weights of the
 * job's own that turn out to be lost or damaged are made again from the beginning. The job's status tells which trainers worked for it,
 * and when.
 *
 * Work goes on a few seconds after `job.signal` was aborted because this process shuts down (`job.cutOff`): `use` stores
 * where it goes on, and throws.
 */
export async function withTrainer<T>(
  job: RunningJob<JobResource>,
  tools: TrainerTools,
  session: Session,
  use: (trainer: Trainer, progressed: () => void) => Promise<T>,
): Promise<T> {
  showWaiting(job);
  const needs = { ...needsOf(job, tools, session), signal: job.cutOff, waitSignal: job.signal };
  const leaveSlot = await job.trainerSlot();
  try {
    return await untilWeightsLast(job, () =>
      withTrainerRetry(needs, async (trainer, progressed) => {
        await endUses(job);
        return recordUse(job, trainer.info, () => use(trainer, progressed));
      }),
    );
  } finally {
    await leaveSlot();
  }
}

/** Nothing is lost while a job waits: what was done before stays counted. */
export function showWaiting(job: RunningJob<JobResource>): void {
  const { completed = 0, total = 0, unit = '' } = job.resource().status?.progress ?? {};
  job.progress({ activity: 'waiting for a trainer', completed, total, unit });
}

/** What a lease is asked for with. */
export function needsOf(
  job: RunningJob<JobResource>,
  { bus, tls }: TrainerTools,
  { dataset, space, weights, seed }: Session,
) {
  const open = { dataset, searchSpace: fromSearchSpace(space), weights, seed };
  return { bus, tls, job: job.objects, open, logger: job.logger };
}

/** Does the work again, from the beginning, when the job's own weights are lost. */
export async function untilWeightsLast<T>(job: RunningJob<JobResource>, work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(await forgetLostWeights(job, error))) throw error;
    }
  }
}

/** Does the work of a trainer; the job's status tells that it did, and when. */
export async function recordUse<T>(
  job: RunningJob<JobResource>,
  { trainerId, engine }: TrainerInfo,
  work: () => Promise<T>,
): Promise<T> {
  const use = { trainer: trainerId, engine, startTime: new Date(), endTime: undefined };
  await updateUses(job, (uses) => [...uses, use]);
  try {
    return await work();
  } finally {
    // A trainer has one lease at a time.
    await updateUses(job, (uses) => uses.map((found) => (found.trainer === trainerId ? ended(found) : found)));
  }
}

/** Of trainers that a worker before this one held when it died: they were lost then. */
export const endUses = (job: RunningJob<JobResource>): Promise<void> => updateUses(job, (uses) => uses.map(ended));

const ended = (use: TrainerUse): TrainerUse => ({ ...use, endTime: use.endTime ?? new Date() });

async function updateUses(
  job: RunningJob<JobResource>,
  change: (uses: JobStatus['trainerUses']) => JobStatus['trainerUses'],
): Promise<void> {
  await job.update((resource) =>
    resource.status
      ? { ...resource, status: { ...resource.status, trainerUses: change(resource.status.trainerUses) } }
      : resource,
  );
}
