import { bootstrapMeanDifference, mean } from '@nss/analysis';
import type { PopulationComparison, PopulationSummary } from '@nss/contracts';
import { randomOf } from '@nss/space';
import type { Population, Row } from './populations.ts';

/** A row with what was measured. */
export type MeasuredRow = Row & {
  readonly errorPercent: number;
  /** Mean cross entropy in nats. */
  readonly loss: number;
};

/** What comparisons are made from. */
export type MeasuredError = Pick<MeasuredRow, 'population' | 'errorPercent'>;

/** What was measured of every population, in order. Of a population without architectures all numbers are NaN. */
export function summariesOf(
  populations: readonly { readonly label: string }[],
  rows: readonly MeasuredRow[],
): PopulationSummary[] {
  return populations.map(({ label }) => {
    const own = rows.filter(({ population }) => population === label);
    const errors = errorsOf(rows, label);
    return {
      label,
      architectures: own.length,
      meanErrorPercent: mean(errors),
      bestErrorPercent: errors.reduce(
        (a, b) => Math.min(a, b),
        errors.length > 0 ? Number.POSITIVE_INFINITY : Number.NaN,
      ),
      meanMultiplyAdds: mean(own.map(({ multiplyAdds }) => multiplyAdds)),
    };
  });
}

/**
 * Compares every population that others were matched to with those, in order (method section 5). Where one of the two has no
 * architectures the numbers are NaN.
 */
export function comparisonsOf(
  populations: readonly Population[],
  rows: readonly MeasuredError[],
  seed: number,
): PopulationComparison[] {
  return populations.flatMap((population) => {
    const cost = 'cost' in population ? population.cost : undefined;
    if (!cost || !('matchedTo' in cost)) return [];
    const [label, matched] = [cost.matchedTo, population.label];
    const random = randomOf(seed, 'evaluation', 'bootstrap', matched);
    const advantage = bootstrapMeanDifference(errorsOf(rows, matched), errorsOf(rows, label), { random });
    return [
      {
        label,
        matched,
        advantagePercent: advantage.difference,
        advantageLowPercent: advantage.low,
        advantageHighPercent: advantage.high,
      },
    ];
  });
}

const errorsOf = (rows: readonly MeasuredError[], label: string) =>
  rows.flatMap(({ population, errorPercent }) => (population === label ? [errorPercent] : []));
