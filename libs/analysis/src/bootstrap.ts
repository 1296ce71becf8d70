import type { Random } from '@nss/space';
import { kendallTau, mean, quantileOfSorted } from './statistics.ts';

/** A number with its 95% interval. */
export type Estimate = { readonly estimate: number; readonly low: number; readonly high: number };

export type BootstrapOptions = { readonly random: Random; readonly resamples?: number };

/**
 * Difference of two means, a - b, with its 95% percentile bootstrap interval (Efron, 1979): both lists are drawn again with
 * replacement `resamples` times, each by itself. NaN where a list is empty.
 */
export function bootstrapMeanDifference(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  { random, resamples }: BootstrapOptions,
): { difference: number; low: number; high: number } {
  const { low, high } = interval(() => resampledMean(a, random) - resampledMean(b, random), resamples);
  return { difference: mean(a) - mean(b), low, high };
}

/** Values in groups, in groups of groups and so on: architectures of spaces of seeds. */
export type Groups = readonly number[] | readonly Groups[];

/** The mean of the means of the groups, on every level: a group counts once, however many values it has. NaN of an empty group. */
export function meanOfGroups(groups: Groups): number {
  return mean(groups.map((group) => (typeof group === 'number' ? group : meanOfGroups(group))));
}

/** Two samples taken under the same conditions. */
export type Pair = { readonly a: Groups; readonly b: Groups };

/**
 * Mean of a - b over paired samples, with its 95% hierarchical bootstrap interval (Davison and Hinkley, 1997, section 3.8): the units, for
 * example seeds, are drawn again with replacement, and within each the values of both samples, level by level. All pairs of a unit,
 * for example one a target, stay together and count alike: conditions that were chosen are not drawn. Units without pairs are left
 * out; NaN where none is left.
 */
export function bootstrapPairedDifference(
  units: readonly (readonly Pair[])[],
  { random, resamples }: BootstrapOptions,
): Estimate {
  const used = units.filter((pairs) => pairs.length > 0);
  const differenceOf = (pairs: readonly Pair[], meanOf: (groups: Groups) => number) =>
    mean(pairs.map(({ a, b }) => meanOf(a) - meanOf(b)));
  const again = (groups: Groups) => resampledMeanOfGroups(groups, random);
  const resampled = () => mean(used.map(() => differenceOf(used[drawIndexOf(used, random)], again)));
  return {
    estimate: mean(used.map((pairs) => differenceOf(pairs, meanOfGroups))),
    ...interval(resampled, resamples),
  };
}

/**
 * Any statistic of units that were drawn independently, with its 95% percentile bootstrap interval over them. A resample that says nothing
 * (NaN) does not count.
 */
export function bootstrapStatistic<Unit>(
  units: readonly Unit[],
  statistic: (units: readonly Unit[]) => number,
  { random, resamples }: BootstrapOptions,
): Estimate {
  const resampled = () => statistic(units.map(() => units[drawIndexOf(units, random)]));
  return { estimate: statistic(units), ...interval(resampled, resamples) };
}

/**
 * Kendall's tau between two lists of values of the same items, the mean over several measurings of both (for example one a seed),
 * with its 95% percentile bootstrap interval over the items. Throws RangeError when lists differ in length.
 */
export function bootstrapKendallTau(
  measurings: readonly { readonly a: readonly number[]; readonly b: readonly number[] }[],
  options: BootstrapOptions,
): Estimate {
  const items = measurings[0]?.a.length ?? 0;
  if (measurings.some(({ a, b }) => a.length !== items || b.length !== items)) {
    throw new RangeError(`every list must have the ${items} values of the first`);
  }
  const tau = (chosen: readonly number[]) => {
    const at = (values: readonly number[]) => chosen.map((i) => values[i]);
    return mean(measurings.map(({ a, b }) => kendallTau(at(a), at(b))));
  };
  return bootstrapStatistic(
    Array.from({ length: items }, (_, i) => i),
    tau,
    options,
  );
}

/** The 95% percentile interval of what `resampled` gives when it is asked `resamples` times; NaN does not count. */
function interval(resampled: () => number, resamples = 2000): { low: number; high: number } {
  const values = Float64Array.from({ length: resamples }, resampled)
    .filter((value) => !Number.isNaN(value))
    .sort();
  return { low: quantileOfSorted(values, 0.025), high: quantileOfSorted(values, 0.975) };
}

function resampledMeanOfGroups(groups: Groups, random: Random): number {
  if (isValues(groups)) return resampledMean(groups, random);
  let sum = 0;
  for (let i = 0; i < groups.length; i++) sum += resampledMeanOfGroups(groups[drawIndexOf(groups, random)], random);
  return sum / groups.length;
}

const isValues = (groups: Groups): groups is readonly number[] => groups.length === 0 || typeof groups[0] === 'number';

function resampledMean(values: ArrayLike<number>, random: Random): number {
  const count = values.length;
  let sum = 0;
  for (let i = 0; i < count; i++) sum += values[drawIndexOf(values, random)];
  return sum / count;
}

const drawIndexOf = (values: ArrayLike<unknown>, random: Random) => Math.floor(random.uniform() * values.length);
