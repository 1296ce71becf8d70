import type { PopulationComparison } from '@nss/contracts';
import { Piscina } from 'piscina';
import type { ComparisonTask } from './comparison-worker.ts';

/** Compares the populations of evaluations, one evaluation at a time. */
export type ComparisonThread = {
  compare(task: ComparisonTask): Promise<PopulationComparison[]>;
  close(): Promise<void>;
};

const IDLE_MS = 60_000;

/**
 * Compares populations in a thread of its own: thousands of resamples of tens of thousands of errors take a second, in which this
 * process has calls to answer and claims to renew.
 */
export function startComparisonThread(): ComparisonThread {
  const pool = new Piscina<ComparisonTask, PopulationComparison[]>({
    filename: new URL('./comparison-worker.ts', import.meta.url).href,
    name: 'compare',
    minThreads: 0,
    maxThreads: 1,
    idleTimeout: IDLE_MS,
  });
  return { compare: (task) => pool.run(task), close: () => pool.destroy() };
}
