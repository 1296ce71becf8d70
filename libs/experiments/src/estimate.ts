import type { JobKind } from '@nss/job-apis';
import { type JobNode, leavesWeights } from './job-node.ts';
import type { Cost } from './results-folder.ts';
import type { Plan } from './schedule.ts';

/**
 * Multiply-adds a second of one trainer, by kind of job, for estimates where nothing of the kind is stored yet.
 */
export const defaultRates: Readonly<Record<JobKind, number>> = {
  warmup: 20e9,
  search: 20e9,
  superNetwork: 20e9,
  evaluation: 20e9,
  nas: 20e9,
  training: 20e9,
};

/** Estimates the trainer time of jobs in seconds: from what jobs of the same kind took, in proportion to their work. */
export function estimator(costs: readonly Cost[]): (node: JobNode) => number {
  const rates = { ...defaultRates };
  for (const kind of new Set(costs.map((cost) => cost.kind))) {
    const same = costs.filter((cost) => cost.kind === kind);
    const work = same.reduce((sum, cost) => sum + cost.work, 0);
    const seconds = same.reduce((sum, cost) => sum + cost.trainerSeconds, 0);
    if (work > 0 && seconds > 0) rates[kind] = work / seconds;
  }
  return ({ kind, work }) => work / rates[kind];
}

/** What a plan comes to for one kind of job. */
export type KindEstimate = {
  readonly kind: JobKind;
  readonly stored: number;
  readonly toRun: number;
  /** Of `toRun`, jobs whose weights the mesh may still have, so that nothing is trained. */
  readonly perhapsInMesh: number;
  /** Trainer time of `toRun`, with all weights made anew. */
  readonly trainerSeconds: number;
};

/** A plan by kind of job, in the order jobs run; kinds without jobs are left out. */
export function summarize(
  { stored, toRun }: Plan,
  secondsOf: (node: JobNode) => number,
  isStored: (node: JobNode) => boolean,
  kinds: readonly JobKind[],
): KindEstimate[] {
  return kinds
    .map((kind) => {
      const waiting = toRun.filter((node) => node.kind === kind);
      return {
        kind,
        stored: stored.filter((node) => node.kind === kind).length,
        toRun: waiting.length,
        perhapsInMesh: waiting.filter((node) => leavesWeights(node) && isStored(node)).length,
        trainerSeconds: waiting.reduce((sum, node) => sum + secondsOf(node), 0),
      };
    })
    .filter((estimate) => estimate.stored + estimate.toRun > 0);
}
