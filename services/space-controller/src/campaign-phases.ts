import { type PhaseName, phaseOf } from '@nss/campaign';
import { JobState, type JobStatus, type PhaseStatus } from '@nss/contracts';
import { hasEnded, type JobKind } from '@nss/job-apis';
import type { PlannedJob } from './campaign-plan.ts';

/** What a campaign knows about one of its jobs. */
export type JobView =
  /** Created. */
  | { readonly name: string; readonly status: JobStatus | undefined }
  /** Never will be created: something that it needs is not there. */
  | { readonly skipped: string };

/** What a campaign knows about its jobs, by id; a job that is not in it waits for others. */
export type JobViews = ReadonlyMap<string, JobView>;

/** How far every phase is, in the order of the phases. */
export function phaseStatuses(
  phases: readonly PhaseName[],
  plan: readonly PlannedJob[],
  views: JobViews,
  report: JobState,
  now: Date,
): PhaseStatus[] {
  return phases.map((phase) => {
    if (phase === 'report') {
      const completed = report === JobState.SUCCEEDED ? 1 : 0;
      return { phase: phaseOf(phase), state: report, jobs: [], jobsSucceeded: 0, completed, etaSeconds: -1 };
    }
    const planned = plan.filter(({ kind }) => kindsOf[phase].includes(kind));
    const found = planned.map(({ id }) => views.get(id));
    const created = found.filter((view) => view !== undefined && 'name' in view);
    const completed = planned.length > 0 ? sum(found.map(shareDone)) / planned.length : 1;
    return {
      phase: phaseOf(phase),
      state: phaseState(found),
      jobs: created.map(({ name }) => name),
      jobsSucceeded: created.filter(({ status }) => status?.state === JobState.SUCCEEDED).length,
      completed,
      etaSeconds: etaSeconds(created, completed, now),
    };
  });
}

/** Share of a job that is done, 0 to 1; a job that has ended, however, has nothing left to do. */
export function shareDone(view: JobView | undefined): number {
  if (!view) return 0;
  if ('skipped' in view || hasEnded(view.status)) return 1;
  const { completed = 0, total = 0 } = view.status?.progress ?? {};
  return total > 0 ? Math.min(1, completed / total) : 0;
}

const kindsOf: Record<Exclude<PhaseName, 'report'>, readonly JobKind[]> = {
  warmup: ['warmup'],
  search: ['search'],
  evaluation: ['superNetwork', 'evaluation'],
  nas: ['nas'],
  training: ['training'],
};

function phaseState(views: readonly (JobView | undefined)[]): JobState {
  const states = views.map((view) => (view && 'skipped' in view ? JobState.FAILED : view?.status?.state));
  const every = (...wanted: (JobState | undefined)[]) => states.every((state) => wanted.includes(state));
  if (every(JobState.SUCCEEDED)) return JobState.SUCCEEDED;
  if (every(undefined, JobState.PENDING)) return JobState.PENDING;
  if (!every(JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED)) return JobState.RUNNING;
  return states.includes(JobState.FAILED) ? JobState.FAILED : JobState.CANCELLED;
}

/**
 * What is left takes as long as what is done took, in proportion; this holds however many trainers share the work. Counts the
 * time in which some trainer worked for the phase: jobs may wait long for one, or for those of another phase.
 */
function etaSeconds(created: readonly { status: JobStatus | undefined }[], completed: number, now: Date): number {
  if (completed >= 1) return 0;
  const worked = workedMs(created, now);
  if (worked === 0 || completed < leastForEta) return -1;
  return (worked / 1000) * ((1 - completed) / completed);
}

/** Length of the time in which at least one trainer worked for one of the jobs. */
function workedMs(created: readonly { status: JobStatus | undefined }[], now: Date): number {
  const uses = created.flatMap(({ status }) =>
    (status?.trainerUses ?? []).flatMap(({ startTime, endTime }) =>
      startTime ? { start: startTime.getTime(), end: (endTime ?? status?.endTime ?? now).getTime() } : [],
    ),
  );
  let worked = 0;
  let until = Number.NEGATIVE_INFINITY;
  for (const { start, end } of uses.sort((a, b) => a.start - b.start)) {
    worked += Math.max(0, end - Math.max(start, until));
    until = Math.max(until, end);
  }
  return worked;
}

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

const leastForEta = 0.01;
