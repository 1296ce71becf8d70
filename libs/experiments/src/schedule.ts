import { type JobNode, leavesWeights } from './job-node.ts';

/** The jobs behind a set of results. */
export type Plan = {
  /** Results that are there. */
  readonly stored: readonly JobNode[];
  /** Jobs to run, each after those that it needs. */
  readonly toRun: readonly JobNode[];
};

/**
 * What has to run so that every one of `wanted` has a result. Weights are made, or looked for in the mesh, only when a job that has to run
 * needs them; everything that is stored is left alone.
 */
export function planJobs(wanted: readonly JobNode[], isStored: (node: JobNode) => boolean): Plan {
  const stored = new Map<string, JobNode>();
  const toRun = new Map<string, JobNode>();
  const visit = (node: JobNode) => {
    if (stored.has(node.key) || toRun.has(node.key)) return;
    if (!leavesWeights(node) && isStored(node)) {
      stored.set(node.key, node);
      return;
    }
    for (const needed of node.needs) visit(needed);
    toRun.set(node.key, node);
  };
  for (const node of wanted) visit(node);
  return { stored: [...stored.values()], toRun: [...toRun.values()] };
}

/** For each job to run, the time from its start to the end of the last job that waits for it, when nothing else is in the way. */
export function timesToEnd(toRun: readonly JobNode[], secondsOf: (node: JobNode) => number): Map<string, number> {
  const times = new Map(toRun.map((node) => [node.key, secondsOf(node)]));
  // Backwards, every job comes before those that it needs.
  for (const node of toRun.toReversed()) {
    const own = times.get(node.key) ?? 0;
    for (const { key } of node.needs) {
      const needed = toRun.find((each) => each.key === key);
      if (needed) times.set(key, Math.max(times.get(key) ?? 0, secondsOf(needed) + own));
    }
  }
  return times;
}
