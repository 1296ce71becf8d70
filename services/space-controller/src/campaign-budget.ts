import type { Budget, Campaign, JobStatus } from '@nss/contracts';
import { type NssError, resourceExhausted } from '@nss/rpc';

const hourMs = 3_600_000;

/**
 * Why a campaign must stop, or undefined while it is within its budget. Trainer hours are those of all its jobs, the ones
 * still running included.
 */
export function budgetError(
  budget: Budget | undefined,
  startTime: Date,
  jobs: Iterable<JobStatus | undefined>,
  now: Date,
): NssError | undefined {
  const { maxWallClockHours = 0, maxTrainerHours = 0 } = budget ?? {};
  const wallClockHours = (now.getTime() - startTime.getTime()) / hourMs;
  if (maxWallClockHours > 0 && wallClockHours >= maxWallClockHours) {
    return exhausted('max_wall_clock_hours', maxWallClockHours, wallClockHours);
  }
  const trainerHours = trainerHoursOf(jobs, now);
  if (maxTrainerHours > 0 && trainerHours >= maxTrainerHours) {
    return exhausted('max_trainer_hours', maxTrainerHours, trainerHours);
  }
  return undefined;
}

/**
 * A campaign that goes on after it had stopped, with another budget where one is given. What it has used stays used; the pause does not
 * count: the start moves by as much.
 */
export function withBudget(campaign: Campaign, stopped: Campaign, budget: Budget | undefined, now: Date): Campaign {
  const { spec, status } = campaign;
  const pauseMs = now.getTime() - (stopped.status?.endTime ?? now).getTime();
  const startTime = status?.startTime && new Date(status.startTime.getTime() + pauseMs);
  return {
    ...campaign,
    spec: spec && { ...spec, budget: budget ?? spec.budget },
    status: status && { ...status, startTime },
  };
}

function trainerHoursOf(jobs: Iterable<JobStatus | undefined>, now: Date): number {
  let hours = 0;
  for (const job of jobs) {
    for (const { startTime, endTime } of job?.trainerUses ?? []) {
      if (startTime) hours += ((endTime ?? job?.endTime ?? now).getTime() - startTime.getTime()) / hourMs;
    }
  }
  return hours;
}

const exhausted = (field: string, limit: number, used: number) =>
  resourceExhausted(
    `the campaign has used ${used.toFixed(2)} of the ${limit} hours of budget.${field}; what was found until then is kept`,
    { reason: 'BUDGET_EXHAUSTED', metadata: { budget: field } },
  );
