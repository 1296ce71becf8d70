import type { Bus, Objects } from '@nss/bus';
import { type CheckedDatasetSpec, fromSearchSpace, type JobStatus } from '@nss/contracts';
import type { RunningJob } from '@nss/jobs';
import type { Trainer } from '@nss/search';
import type { SearchSpace } from '@nss/space';
import { type TrainerInfo, withTrainerRetry } from '@nss/trainers';
import type { WeightSettings } from './spec.ts';

/** A job resource, as far as this library looks inside. */
export type JobResource = { status: JobStatus | undefined };

/** What jobs that drive a trainer need. */
export type TrainerTools = {
  readonly bus: Bus;
  /** The bucket of weights. */
  readonly checkpoints: Objects;
  /** How much work may be lost at most. */
  readonly checkpointEveryMs: number;
};

/** The super network that a session begins with. */
export type Session = {
  readonly dataset: CheckedDatasetSpec;
  readonly space: SearchSpace;
  readonly weights: WeightSettings;
  readonly seed: number;
};

/**
 * Waits for a trainer and runs `use` with it; again with another one when it is lost, so `use` begins by loading where it can
 * go on. The job's status tells which trainers worked for it, and when.
 */
export function withTrainer<T>(
  job: RunningJob<JobResource>,
  { bus }: TrainerTools,
  { dataset, space, weights, seed }: Session,
  use: (trainer: Trainer) => Promise<T>,
): Promise<T> {
  // Nothing is lost while a job waits: what was done before stays counted.
  const { completed = 0, total = 0, unit = '' } = job.resource().status?.progress ?? {};
  job.progress({ activity: 'waiting for a trainer', completed, total, unit });
  const open = { dataset, searchSpace: fromSearchSpace(space), weights, seed };
  return withTrainerRetry({ bus, job: job.name, open, signal: job.signal, logger: job.logger }, async (session) => {
    await startUse(job, session.info);
    try {
      return await use(session);
    } finally {
      await endUses(job);
    }
  });
}

async function startUse(job: RunningJob<JobResource>, { trainerId, engine }: TrainerInfo): Promise<void> {
  await endUses(job);
  const use = { trainer: trainerId, engine, startTime: new Date(), endTime: undefined };
  await updateUses(job, (uses) => [...uses, use]);
}

/** Also of a trainer that a worker before this one held when it died: it was lost then. */
const endUses = (job: RunningJob<JobResource>): Promise<void> =>
  updateUses(job, (uses) => uses.map((use) => ({ ...use, endTime: use.endTime ?? new Date() })));

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
