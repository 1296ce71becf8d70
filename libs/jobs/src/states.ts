import { type JobError, JobState, JobStatus, type Progress } from '@nss/contracts';
import { DEFAULT_TENANT, type NssError } from '@nss/rpc';
import type { Job } from './kinds.ts';

/*
 * The life of a job, as pure changes of its resource:
 *
 *   PENDING <-> RUNNING -> SUCCEEDED | FAILED
 *      |           |
 *      +-----------+-> CANCELLING -> CANCELLED
 *      +-> CANCELLED
 *
 * A job that was suspended goes the same way as one that was cancelled, but is marked as resumable, and may be PENDING again. So may a
 * FAILED one whose budget was used up.
 *
 * A job is PENDING again while no worker has it: its worker vanished, was shut down, or pauses before another attempt. Such a job
 * has a start time and goes by CANCELLING when it is cancelled: a worker has to clean up what the one before has left.
 */

export function statusOf(job: Job): JobStatus {
  return job.status ?? JobStatus.fromPartial({});
}

export function stateOf(job: Job): JobState {
  return statusOf(job).state;
}

/** Whose job it is. */
export function tenantOf(job: Job): string {
  return statusOf(job).tenant || DEFAULT_TENANT;
}

/** Whether the job has come to its end; nothing changes it any more. */
export function isEnded(job: Job): boolean {
  const state = stateOf(job);
  return state === JobState.SUCCEEDED || state === JobState.FAILED || state === JobState.CANCELLED;
}

/**
 * Past participle in the subject of the event that says that a job is in its state; CANCELLING has none, nor has a job that
 * waits for another worker: the one that takes it says so.
 */
export function participleOf(job: Job): string | undefined {
  const { state, startTime } = statusOf(job);
  return state === JobState.PENDING && startTime ? undefined : PARTICIPLES[state];
}

/** The participles of the events that a job must have had, of changes after a time. */
export function eventsDue(job: Job, after: Date): string[] {
  const { createTime, startTime, endTime } = statusOf(job);
  const changes: [time: Date | undefined, participle: string | undefined][] = [
    [createTime, PARTICIPLES[JobState.PENDING]],
    [startTime, PARTICIPLES[JobState.RUNNING]],
    [isEnded(job) ? endTime : undefined, participleOf(job)],
  ];
  return changes.flatMap(([time, participle]) => (time && time > after && participle ? [participle] : []));
}

const PARTICIPLES: Partial<Record<JobState, string>> = {
  [JobState.PENDING]: 'created',
  [JobState.RUNNING]: 'started',
  [JobState.SUCCEEDED]: 'succeeded',
  [JobState.FAILED]: 'failed',
  [JobState.CANCELLED]: 'cancelled',
};

/** A worker has taken the job: for the first time, or after another one had to leave it. */
export function started<R extends Job>(job: R, now: Date): R {
  const { progress, startTime } = statusOf(job);
  // What the worker before measured says nothing about this one.
  const unmeasured = progress && { ...progress, rate: 0, etaSeconds: -1 };
  const state = stateOf(job) === JobState.PENDING ? JobState.RUNNING : stateOf(job);
  return withStatus(job, { state, startTime: startTime ?? now, progress: unmeasured });
}

/** No worker has the job for now. */
export function interrupted<R extends Job>(job: R): R {
  return stateOf(job) === JobState.RUNNING ? withStatus(job, { state: JobState.PENDING }) : job;
}

/** Somebody wants the job to stop: at once if no worker ever had it, else as soon as a worker has cleaned up. */
export function cancelled<R extends Job>(job: R, now: Date): R {
  const { state, startTime, resumable } = statusOf(job);
  if (state === JobState.PENDING && !startTime) return withStatus(job, { state: JobState.CANCELLED, endTime: now });
  const suspending = state === JobState.CANCELLING && resumable;
  if (state === JobState.PENDING || state === JobState.RUNNING || suspending) {
    return withStatus(job, { state: JobState.CANCELLING, resumable: false });
  }
  return job;
}

/** The same, but the job may go on later. One that is being cancelled for good stays so. */
export function suspended<R extends Job>(job: R, now: Date): R {
  const stopped = stateOf(job) === JobState.CANCELLING ? job : cancelled(job, now);
  return stopped === job ? job : withStatus(stopped, { resumable: true });
}

/** A job that has stopped and can go on waits for a worker; undefined for one that cannot. */
export function resumed<R extends Job>(job: R): R | undefined {
  const { resumable, endTime, trainerUses } = statusOf(job);
  if (!isEnded(job)) return stateOf(job) === JobState.CANCELLING ? undefined : job;
  if (!resumable) return undefined;
  return withStatus(job, {
    state: JobState.PENDING,
    resumable: false,
    endTime: undefined,
    error: undefined,
    trainerUses: trainerUses.map((use) => ({ ...use, endTime: use.endTime ?? endTime })),
  });
}

/** Whether nothing will ever need the weights and states that a job has left: it has failed or was cancelled. */
export function isOver(job: Job): boolean {
  return isEnded(job) && stateOf(job) !== JobState.SUCCEEDED && !statusOf(job).resumable;
}

/** The worker is done. A job that was to stop ends as CANCELLED, however far its worker came. */
export function ended<R extends Job>(job: R, now: Date, error?: NssError): R {
  const end = { endTime: now };
  if (stateOf(job) === JobState.CANCELLING) return withStatus(job, { ...end, state: JobState.CANCELLED });
  if (error === undefined) return withStatus(job, { ...end, state: JobState.SUCCEEDED });
  const resumable = error.reason === 'BUDGET_EXHAUSTED';
  return withStatus(job, { ...end, state: JobState.FAILED, error: jobError(error), resumable });
}

export function progressed<R extends Job>(job: R, progress: Progress | undefined): R {
  return progress ? withStatus(job, { progress }) : job;
}

function withStatus<R extends Job>(job: R, change: Partial<JobStatus>): R {
  return { ...job, status: { ...statusOf(job), ...change } };
}

function jobError({ codeName, reason, message }: NssError): JobError {
  return { code: codeName, reason, message };
}
