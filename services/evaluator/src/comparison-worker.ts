import type { PopulationComparison } from '@nss/contracts';
import { comparisonsOf, type MeasuredError } from './comparison.ts';
import type { Population } from './populations.ts';

/** What to compare, as one thread sends it to another. */
export type ComparisonTask = {
  readonly populations: readonly Population[];
  readonly rows: readonly MeasuredError[];
  readonly seed: number;
};

export const compare = ({ populations, rows, seed }: ComparisonTask): PopulationComparison[] =>
  comparisonsOf(populations, rows, seed);
