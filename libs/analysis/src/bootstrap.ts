import type { Random } from '@nss/space';
import { mean, quantileOfSorted } from './statistics.ts';

/**
 * Difference of two means, a - b, with its 95% percentile bootstrap interval (Efron, 1979): both lists are drawn again with
 * replacement `resamples` times, each by itself. NaN where a list is empty.
 */
export function bootstrapMeanDifference(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  { random, resamples = 2000 }: { random: Random; resamples?: number },
): { difference: number; low: number; high: number } {
  const differences = Float64Array.from(
    { length: resamples },
    () => resampledMean(a, random) - resampledMean(b, random),
  ).sort();
  return {
    difference: mean(a) - mean(b),
    low: quantileOfSorted(differences, 0.025),
    high: quantileOfSorted(differences, 0.975),
  };
}

function resampledMean(values: ArrayLike<number>, random: Random): number {
  const count = values.length;
  let sum = 0;
  for (let i = 0; i < count; i++) sum += values[Math.floor(random.uniform() * count)];
  return sum / count;
}
