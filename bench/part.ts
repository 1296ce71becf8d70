import type { Peer } from './peer.ts';
import type { RunWorkload } from './workload.ts';

/** One measured number, with what it should be. */
export type Row = {
  /** The part's id, with a suffix where a part has several rows: `P1/16-32-64`. */
  readonly id: string;
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** For example `>= 1.2`; null: measured for information. */
  readonly goal: string | null;
  readonly met: boolean | null;
};

export type BenchContext = {
  /** The PyTorch implementation to measure against; absent: rows that need it are left out. */
  readonly peer?: Peer;
  /** Runs a program of `workloads/` in a process of its own. */
  readonly workload: RunWorkload;
  /** Tells people what is being done, and what is left out. */
  notice(text: string): void;
};

/** Something that can be measured by itself. */
export type Part = {
  readonly id: string;
  /** For `--help`. */
  readonly what: string;
  measure(context: BenchContext): Promise<Row[]>;
};

/** What a row must reach, in the row's unit. */
export type Goal = { readonly atLeast: number } | { readonly atMost: number };

export function rowOf(id: string, what: string, value: number, unit: string, goal?: Goal): Row {
  const rounded = Number(value.toPrecision(4));
  if (!goal) return { id, what, value: rounded, unit, goal: null, met: null };
  return 'atLeast' in goal
    ? { id, what, value: rounded, unit, goal: `>= ${goal.atLeast}`, met: value >= goal.atLeast }
    : { id, what, value: rounded, unit, goal: `<= ${goal.atMost}`, met: value <= goal.atMost };
}
