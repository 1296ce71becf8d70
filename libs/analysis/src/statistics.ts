/** Arithmetic mean; NaN of nothing. */
export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
}

/** Sample standard deviation (divides by n - 1); NaN of fewer than two values. */
export function standardDeviation(values: ArrayLike<number>): number {
  if (values.length < 2) return Number.NaN;
  const centre = mean(values);
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += (values[i] - centre) ** 2;
  return Math.sqrt(squares / (values.length - 1));
}

/**
 * The value below which a share `probability` in [0, 1] of the values lies, linear between neighbours (the default of R and NumPy:
 * type 7 of Hyndman and Fan, 1996); NaN of nothing.
 */
export function quantile(values: ArrayLike<number>, probability: number): number {
  return quantileOfSorted(Float64Array.from(values).sort(), probability);
}

/** `quantile` of values that ascend already. */
export function quantileOfSorted(sorted: ArrayLike<number>, probability: number): number {
  if (sorted.length === 0) return Number.NaN;
  const position = probability * (sorted.length - 1);
  const below = Math.floor(position);
  const above = Math.ceil(position);
  return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
}

/** The empirical distribution function: `share[i]` of the values is at most `x[i]`. `x` ascends, without repetitions. */
export type Edf = { readonly x: Float64Array; readonly share: Float64Array };

/** The empirical distribution function of values (RegNet's way to compare spaces). */
export function edf(values: ArrayLike<number>): Edf {
  const sorted = Float64Array.from(values).sort();
  const isLast = (i: number) => i === sorted.length - 1 || sorted[i] !== sorted[i + 1];
  const last = Array.from(sorted.keys()).filter(isLast);
  return {
    x: Float64Array.from(last, (i) => sorted[i]),
    share: Float64Array.from(last, (i) => (i + 1) / sorted.length),
  };
}

/**
 * Kendall's rank correlation of two lists, in [-1, 1], corrected for ties (tau-b); NaN when either list is constant. Visits every
 * pair, which is quick for thousands. Throws RangeError when the lists differ in length.
 */
export function kendallTau(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new RangeError(`ranks of ${a.length} and ${b.length} values cannot be compared`);
  let [agreement, pairsInA, pairsInB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    for (let j = 0; j < i; j++) {
      const signA = Math.sign(a[i] - a[j]);
      const signB = Math.sign(b[i] - b[j]);
      agreement += signA * signB;
      pairsInA += signA * signA;
      pairsInB += signB * signB;
    }
  }
  return agreement / Math.sqrt(pairsInA * pairsInB);
}

/** The 95% interval of a share, from `successes` of `trials` (Wilson, 1927); from 0 to 1 where nothing was tried. */
export function wilsonInterval(successes: number, trials: number): { low: number; high: number } {
  if (trials === 0) return { low: 0, high: 1 };
  const z = 1.959963984540054;
  const share = successes / trials;
  const centre = share + z ** 2 / (2 * trials);
  const half = z * Math.sqrt((share * (1 - share)) / trials + z ** 2 / (4 * trials ** 2));
  const scale = 1 + z ** 2 / trials;
  return { low: Math.max(0, (centre - half) / scale), high: Math.min(1, (centre + half) / scale) };
}
