import type { Progress } from '@nss/contracts';

/** How far a job is, as its worker tells. */
export type ProgressReport = {
  /** What is being done now, for example "training the super network". */
  readonly activity: string;
  readonly completed: number;
  readonly total: number;
  /** What completed and total count, for example "iterations". */
  readonly unit: string;
};

/**
 * Adds rate and remaining time to reports. The rate is measured from the first report of an activity: what a worker found done
 * when it took the job over, it has not done itself. `nowMs` is a clock that never goes back.
 */
export function progressMeter(nowMs: () => number): (report: ProgressReport) => Progress {
  let first: (ProgressReport & { atMs: number }) | undefined;
  let last = 0;
  return (report) => {
    const { activity, completed, total, unit } = report;
    // Work that has to be done again, from a checkpoint, would make the rate look lower than it is.
    if (first?.activity !== activity || first.unit !== unit || completed < last) first = { ...report, atMs: nowMs() };
    last = completed;
    const seconds = (nowMs() - first.atMs) / 1000;
    const rate = seconds > 0 ? (completed - first.completed) / seconds : 0;
    const left = Math.max(0, total - completed);
    return { activity, completed, total, unit, rate, etaSeconds: left === 0 ? 0 : rate > 0 ? left / rate : -1 };
  };
}
