import type { JobKind } from '@nss/job-apis';
import { type JobNode, leavesWeights } from './job-node.ts';
import type { Cost } from './results-folder.ts';
import type { Plan } from './schedule.ts';

/**
 * Multiply-adds a second of one trainer, by kind of job, for estimates where nothing of the kind is stored yet: measured at the `small`
 * preset on two virtual cores of an AMD EPYC, two trainers of one thread at work. NAS and trainings are taken to go like searches
 * and super networks.
 */
export const defaultRates: Readonly<Record<JobKind, number>> = {
  warmup: 39e9,
  search: 41e9,
  superNetwork: 28e9,
  evaluation: 35e9,
  nas: 41e9,
  training: 28e9,
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
  /** Trainer time of `toRun` without those. */
  readonly trainerSeconds: number;
  /** Trainer time of those, if the mesh does not have them. */
  readonly perhapsSeconds: number;
};

/** A plan by kind of job, in the order jobs run; kinds without jobs are left out. */
export function summarize(
  { stored, toRun }: Plan,
  secondsOf: (node: JobNode) => number,
  isStored: (node: JobNode) => boolean,
  kinds: readonly JobKind[],
): KindEstimate[] {
  const secondsOfAll = (nodes: readonly JobNode[]) => nodes.reduce((sum, node) => sum + secondsOf(node), 0);
  return kinds
    .map((kind) => {
      const waiting = toRun.filter((node) => node.kind === kind);
      const [perhaps, certain] = [true, false].map((is) =>
        waiting.filter((node) => (leavesWeights(node) && isStored(node)) === is),
      );
      return {
        kind,
        stored: stored.filter((node) => node.kind === kind).length,
        toRun: waiting.length,
        perhapsInMesh: perhaps.length,
        trainerSeconds: secondsOfAll(certain),
        perhapsSeconds: secondsOfAll(perhaps),
      };
    })
    .filter((estimate) => estimate.stored + estimate.toRun > 0);
}
