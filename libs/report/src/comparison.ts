import { distancesToFront, hypervolume, mean, paretoFront } from '@nss/analysis';
import type { ArchitectureRow, ComparisonReport, EvaluationReport } from './data.ts';

/** An Elite Space that was measured, and the advantage that its evaluation found. */
export type MeasuredSpace = {
  readonly label: string;
  readonly targetMultiplyAdds: number;
  readonly seed: number;
  /** Absent where it was compared with nothing. */
  readonly advantage?: Pick<ComparisonReport, 'advantagePercent' | 'advantageLowPercent' | 'advantageHighPercent'>;
};

/**
 * Puts together what was measured with one stand-alone super network, be it by many evaluations: what each says of its own space,
 * and what only all rows together say, the distances to the Pareto front of all and the hypervolumes (method section 5).
 */
export function evaluationReport({
  id,
  seed,
  spaces,
  architectures,
}: {
  readonly id: string;
  readonly seed: number;
  readonly spaces: readonly MeasuredSpace[];
  readonly architectures: readonly ArchitectureRow[];
}): EvaluationReport {
  const measured = architectures.filter(isMeasured);
  const front = frontOf(measured).map(pointOf);
  return {
    id,
    seed,
    spaces: spaces.map(({ advantage, ...space }) => {
      const own = measured.filter(({ label }) => label === space.label);
      return { ...space, comparison: advantage && comparisonOf(own, front, advantage) };
    }),
    architectures,
    ...hypervolumesOf(measured),
  };
}

/** Whether there is a finite error and a cost to show. */
export const isMeasured = (row: ArchitectureRow) => Number.isFinite(row.errorPercent) && row.multiplyAdds > 0;

/** The Pareto front of rows that are measured, cheapest first. */
export function frontOf(measured: readonly ArchitectureRow[]): ArchitectureRow[] {
  return paretoFront(measured.map(pointOf)).map((i) => measured[i]);
}

/** Undefined where a space, or what it is compared with, has no architecture. */
function comparisonOf(
  own: readonly ArchitectureRow[],
  front: readonly Point[],
  { advantagePercent, advantageLowPercent, advantageHighPercent }: NonNullable<MeasuredSpace['advantage']>,
): ComparisonReport | undefined {
  const [elite, matched] = (['elite', 'matched'] as const).map((wanted) => {
    const rows = own.filter(({ source }) => source === wanted);
    const errors = rows.map(errorOf);
    return {
      count: rows.length,
      mean: mean(errors),
      best: Math.min(...errors),
      distance: mean(distancesToFront(rows.map(pointOf), front)),
    };
  });
  if (elite.count === 0 || matched.count === 0) return undefined;
  return {
    eliteMeanErrorPercent: elite.mean,
    eliteBestErrorPercent: elite.best,
    matchedMeanErrorPercent: matched.mean,
    matchedBestErrorPercent: matched.best,
    advantagePercent,
    advantageLowPercent,
    advantageHighPercent,
    eliteFrontDistancePercent: elite.distance,
    matchedFrontDistancePercent: matched.distance,
    eliteArchitectures: elite.count,
    matchedArchitectures: matched.count,
  };
}

/** Nothing where the Elite Spaces or the search space have no architecture to compare. */
function hypervolumesOf(
  measured: readonly ArchitectureRow[],
): Pick<EvaluationReport, 'hypervolumeElite' | 'hypervolumeSearchSpace'> {
  const elite = measured.filter(({ source }) => source === 'elite');
  const searchSpace = measured.filter(({ source }) => source !== 'elite');
  if (elite.length === 0 || searchSpace.length === 0) return {};
  const reference = {
    cost: measured.reduce((most, { multiplyAdds }) => Math.max(most, multiplyAdds), 0),
    error: measured.reduce((most, { errorPercent }) => Math.max(most, errorPercent), 0),
  };
  const share = (rows: readonly ArchitectureRow[]) =>
    hypervolume(rows.map(pointOf), reference) / (reference.cost * reference.error);
  return { hypervolumeElite: share(elite), hypervolumeSearchSpace: share(searchSpace) };
}

type Point = { readonly cost: number; readonly error: number };

const errorOf = ({ errorPercent }: ArchitectureRow) => errorPercent;

const pointOf = ({ multiplyAdds, errorPercent }: ArchitectureRow): Point => ({
  cost: multiplyAdds,
  error: errorPercent,
});
