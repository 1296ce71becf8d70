import type { JobKind } from '@nss/job-apis';

/** A job that takes a trainer for some time. */
export type SimulatedJob = {
  readonly id: string;
  readonly kind: JobKind;
  /** Ids of jobs that must have ended before. */
  readonly needs: readonly string[];
  readonly seconds: number;
};

/** When a job could have started, started and ended, in seconds since the start of all. */
export type Scheduled<Job extends SimulatedJob> = {
  readonly job: Job;
  readonly ready: number;
  readonly start: number;
  readonly end: number;
};

export type MeshSize = {
  readonly trainers: number;
  /** Jobs of each kind that all replicas of a service work on, or wait for a trainer for, at once. */
  readonly jobsAtOnce: number;
};

/**
 * Runs jobs as the mesh does: a job whose needs have ended is queued by its kind; services take so many of a kind at once, and each of those asks
 * for a trainer; trainers serve who asked first. Jobs are given in the order of their plan, which decides among those that ask at once.
 */
export function simulate<Job extends SimulatedJob>(jobs: readonly Job[], size: MeshSize): Scheduled<Job>[] {
  const missing = new Map(jobs.map(({ id, needs }) => [id, needs.length]));
  const readyAt = new Map<string, number>();
  const taken = new Map<JobKind, number>();
  const ended: Scheduled<Job>[] = [];
  const running: Scheduled<Job>[] = [];
  const asking: Job[] = [];
  let queued: Job[] = [];
  const queueReady = (now: number, candidates: readonly Job[]) => {
    for (const job of candidates) {
      if (missing.get(job.id) !== 0) continue;
      readyAt.set(job.id, now);
      queued.push(job);
    }
  };
  const start = (now: number) => {
    queued = queued.filter((job) => {
      const atOnce = taken.get(job.kind) ?? 0;
      if (atOnce >= size.jobsAtOnce) return true;
      taken.set(job.kind, atOnce + 1);
      asking.push(job);
      return false;
    });
    for (const job of asking.splice(0, size.trainers - running.length)) {
      running.push({ job, ready: readyAt.get(job.id) ?? now, start: now, end: now + job.seconds });
    }
  };

  queueReady(0, jobs);
  for (start(0); running.length > 0; ) {
    const next = running.reduce((a, b) => (b.end < a.end ? b : a));
    running.splice(running.indexOf(next), 1);
    ended.push(next);
    const { id, kind } = next.job;
    taken.set(kind, (taken.get(kind) ?? 0) - 1);
    const waiting = jobs.filter(({ needs }) => needs.includes(id));
    for (const each of waiting) missing.set(each.id, (missing.get(each.id) ?? 0) - 1);
    queueReady(next.end, waiting);
    start(next.end);
  }
  if (ended.length < jobs.length)
    throw new Error(`${jobs.length - ended.length} jobs need each other, or jobs that are not there`);
  return ended;
}

/** Seconds from the start of all to the end of the last. */
export const makespanOf = (schedule: readonly Scheduled<SimulatedJob>[]): number =>
  schedule.reduce((latest, { end }) => Math.max(latest, end), 0);

/** Seconds that all jobs take of a trainer together. */
export const trainerSecondsOf = (jobs: readonly SimulatedJob[]): number =>
  jobs.reduce((sum, { seconds }) => sum + seconds, 0);

/** The chain of jobs that no number of trainers makes shorter: its jobs, first to last. */
export function criticalPath<Job extends SimulatedJob>(jobs: readonly Job[]): Job[] {
  const schedule = simulate(jobs, { trainers: jobs.length, jobsAtOnce: jobs.length });
  const byId = new Map(schedule.map((each) => [each.job.id, each]));
  const last = (ids: readonly string[]) =>
    ids
      .flatMap((id) => byId.get(id) ?? [])
      .reduce<Scheduled<Job> | undefined>((a, b) => (a && a.end >= b.end ? a : b), undefined);
  const path: Job[] = [];
  for (let at = last([...byId.keys()]); at; at = last(at.job.needs)) path.unshift(at.job);
  return path;
}

/** Most of `weight` that jobs which run at the same time have together. */
export function peakOf<Job extends SimulatedJob>(
  schedule: readonly Scheduled<Job>[],
  weight: (job: Job) => number,
): number {
  const changes = schedule.flatMap(({ job, start, end }) => [
    { at: start, by: weight(job) },
    { at: end, by: -weight(job) },
  ]);
  // Who ends makes room for who starts.
  changes.sort((a, b) => a.at - b.at || a.by - b.by);
  let [now, peak] = [0, 0];
  for (const { by } of changes) {
    now += by;
    peak = Math.max(peak, now);
  }
  return peak;
}
