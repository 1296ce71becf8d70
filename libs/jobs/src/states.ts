import { type JobError, JobState, JobStatus, type Progress } from '@nss/contracts';
import type { NssError } from '@nss/rpc';
import type { Job } from './kinds.ts';

/*
 * The life of a job, as pure changes of its resource:
 *
 *   PENDING -> RUNNING -> SUCCEEDED | FAILED
 *      |          |
 *      |          +-> CANCELLING -> CANCELLED
 *      +-> CANCELLED
 */

export function statusOf(job: Job): JobStatus {
  return job.status ?? JobStatus.fromPartial({});
}

export function stateOf(job: Job): JobState {
  return statusOf(job).state;
}

/** Whether the job has come to its end; nothing changes it any more. */
export function isEnded(job: Job): boolean {
  const state = stateOf(job);
  return state === JobState.SUCCEEDED || state === JobState.FAILED || state === JobState.CANCELLED;
}

/** Past participle in the subject of the event that says that a job is in a state; CANCELLING has none. */
export const PARTICIPLES: Partial<Record<JobState, string>> = {
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

/** Somebody wants the job to stop: at once if no worker has it, else as soon as its worker has stopped. */
export function cancelled<R extends Job>(job: R, now: Date): R {
  if (stateOf(job) === JobState.PENDING) return withStatus(job, { state: JobState.CANCELLED, endTime: now });
  if (stateOf(job) === JobState.RUNNING) return withStatus(job, { state: JobState.CANCELLING });
  return job;
}

/** The worker is done. A job that was to stop ends as CANCELLED, however far its worker came. */
export function ended<R extends Job>(job: R, now: Date, error?: NssError): R {
  const end = { endTime: now };
  if (stateOf(job) === JobState.CANCELLING) return withStatus(job, { ...end, state: JobState.CANCELLED });
  if (error === undefined) return withStatus(job, { ...end, state: JobState.SUCCEEDED });
  return withStatus(job, { ...end, state: JobState.FAILED, error: jobError(error) });
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
