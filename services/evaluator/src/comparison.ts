import { bootstrapMeanDifference, distancesToFront, hypervolume, mean, paretoFront } from '@nss/analysis';
import type { SpaceComparison } from '@nss/contracts';
import { randomOf } from '@nss/space';
import type { Row, Source } from './rows.ts';

/** A row with what was measured. */
export type MeasuredRow = Row & {
  readonly errorPercent: number;
  /** Mean cross entropy in nats. */
  readonly loss: number;
};

/**
 * Compares every Elite Space with architectures of the search space of the same cost (method section 5). Distances are to the
 * Pareto front of all rows. Where there is no matched architecture its numbers, and the advantage, are NaN.
 */
export function compareSpaces(
  rows: readonly MeasuredRow[],
  labels: readonly string[],
  seed: number,
): SpaceComparison[] {
  const points = rows.map(pointOf);
  const front = paretoFront(points).map((i) => points[i]);
  return labels.map((label) => {
    const elite = rowsOf(rows, 'elite', label);
    const matched = rowsOf(rows, 'matched', label);
    const random = randomOf(seed, 'evaluation', 'bootstrap', label);
    const advantage = bootstrapMeanDifference(matched.map(errorOf), elite.map(errorOf), { random });
    return {
      label,
      eliteMeanErrorPercent: mean(elite.map(errorOf)),
      eliteBestErrorPercent: best(elite),
      matchedMeanErrorPercent: mean(matched.map(errorOf)),
      matchedBestErrorPercent: best(matched),
      advantagePercent: advantage.difference,
      advantageLowPercent: advantage.low,
      advantageHighPercent: advantage.high,
      eliteFrontDistancePercent: mean(distancesToFront(elite.map(pointOf), front)),
      matchedFrontDistancePercent: mean(distancesToFront(matched.map(pointOf), front)),
      eliteArchitectures: elite.length,
      matchedArchitectures: matched.length,
    };
  });
}

/**
 * Hypervolumes of what the Elite Spaces and what the search space hold: the share of the rectangle from zero to the largest cost
 * and error of all rows that some architecture of the set dominates.
 */
export function compareHypervolumes(rows: readonly MeasuredRow[]): { elite: number; searchSpace: number } {
  const reference = {
    cost: Math.max(...rows.map(({ multiplyAdds }) => multiplyAdds)),
    error: Math.max(...rows.map(errorOf)),
  };
  const share = (set: readonly MeasuredRow[]) =>
    hypervolume(set.map(pointOf), reference) / (reference.cost * reference.error);
  return {
    elite: share(rows.filter(({ source }) => source === 'elite')),
    searchSpace: share(rows.filter(({ source }) => source !== 'elite')),
  };
}

const rowsOf = (rows: readonly MeasuredRow[], source: Source, label: string) =>
  rows.filter((row) => row.source === source && row.label === label);

const errorOf = ({ errorPercent }: MeasuredRow) => errorPercent;

const pointOf = ({ multiplyAdds, errorPercent }: MeasuredRow) => ({ cost: multiplyAdds, error: errorPercent });

const best = (rows: readonly MeasuredRow[]) => (rows.length > 0 ? Math.min(...rows.map(errorOf)) : Number.NaN);
