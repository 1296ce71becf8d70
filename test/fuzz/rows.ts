import type { Outcome } from './calls.ts';

/** What was done, what was expected and what happened. */
export type Row = {
  readonly done: string;
  readonly expected: string;
  readonly happened: string;
  readonly ok: boolean;
};

/** Heaps grow until they are collected; what leaks in proportion to messages shows in the long form. */
const GROWTH = { factor: 1.5, bytes: 200 * 1024 * 1024 };

/** How calls ended, most frequent first. */
export function rowOf(done: string, outcomes: readonly Outcome[]): Row {
  const counts = new Map<string, number>();
  for (const { status } of outcomes) counts.set(status, (counts.get(status) ?? 0) + 1);
  const faults = outcomes.flatMap(({ fault }) => fault ?? []);
  const share = (count: number) => `${((100 * count) / outcomes.length).toFixed(1)} %`;
  const mostFirst = [...counts].sort(([, a], [, b]) => b - a);
  const happened = mostFirst.map(([status, count]) => `${count} ${status} (${share(count)})`).join(', ');
  return {
    done: `${outcomes.length} x ${done}`,
    expected: 'a typed status in time',
    happened: faults.length > 0 ? `${happened}; ${faults[0]}` : happened,
    ok: faults.length === 0,
  };
}

/** Resident memory of services, in bytes by their names. */
export function memoryRows(before: Record<string, number>, after: Record<string, number>): Row[] {
  const mib = (bytes: number) => `${Math.round(bytes / 1024 / 1024)} MiB`;
  return Object.entries(after).map(([name, bytes]) => ({
    done: `memory of ${name}`,
    expected: `at most ${GROWTH.factor} times as much and ${mib(GROWTH.bytes)} after all of it`,
    happened: `${mib(before[name])}, then ${mib(bytes)}`,
    ok: bytes <= GROWTH.factor * before[name] + GROWTH.bytes,
  }));
}
