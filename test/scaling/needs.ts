import type { CampaignJob } from './campaign-jobs.ts';
import type { MeasuredOverheads } from './overheads.ts';
import { peakOf, type Scheduled } from './simulate.ts';

/** What a schedule asks of the parts of a mesh. */
export type Needs = {
  /** Trainers that work at most, and jobs that wait for one at most. */
  readonly working: number;
  readonly waiting: number;
  /** At the busiest moment. */
  readonly commandsPerSecond: number;
  readonly serviceCores: number;
  readonly natsCores: number;
  readonly checkpointBytesPerSecond: number;
  /** Weights in the store: two of every running job, and those that stay. */
  readonly storedBytes: number;
};

export function needsOf(
  schedule: readonly Scheduled<CampaignJob>[],
  checkpointEverySeconds: number,
  measured: MeasuredOverheads,
): Needs {
  const commandsPerSecond = peakOf(schedule, ({ commands, seconds }) => commands / seconds);
  const queue = schedule.map(({ job, ready, start }) => ({ job, ready, start: ready, end: start }));
  // An evaluation stores nothing while it runs.
  const storing = peakOf(schedule, ({ kind, checkpointBytes }) => (kind === 'evaluation' ? 0 : checkpointBytes));
  const left = schedule.reduce((sum, { job }) => sum + (job.leavesWeights ? job.checkpointBytes : 0), 0);
  return {
    working: peakOf(schedule, () => 1),
    waiting: peakOf(queue, () => 1),
    commandsPerSecond,
    serviceCores: commandsPerSecond * measured.serviceCpuSeconds,
    natsCores: commandsPerSecond * measured.natsCpuSeconds,
    checkpointBytesPerSecond: storing / checkpointEverySeconds,
    storedBytes: 2 * storing + left,
  };
}
