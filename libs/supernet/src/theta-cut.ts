import type { StageMixture } from '@nss/space';

/**
 * The share of a mixture's weight, for each stage's depths and for its widths, that may be computed at a smaller depth or width: 1%.
 * `bench/p2-theta-cut.ts` measures what this does to loss and gradient.
 */
export const THETA_CUT = 0.01;

/**
 * A mixture no deeper and no wider than its weight reaches: depths and widths beyond the smallest one that leaves at most `cut` of the
 * weight above it count as that one. Weights stay as they are, so they still sum to one, and each has a gradient: that of the mixture
 * as cut, in which a value beyond the cut pulls like the largest one that is computed. The weaker the largest bins, the cheaper the
 * step: when the temperature has fallen, it costs what one network costs. `cut` 0 leaves the mixture as it is.
 */
export function cutMixture(mixture: StageMixture, cut: number): StageMixture {
  if (cut === 0) return mixture;
  return {
    ...mixture,
    depths: cutValues(mixture.depths, mixture.depthWeights, cut),
    widths: cutValues(mixture.widths, mixture.widthWeights, cut),
  };
}

function cutValues(values: readonly number[], weights: readonly number[], cut: number): number[] {
  const weightAbove = (limit: number) => values.reduce((sum, value, j) => (value > limit ? sum + weights[j] : sum), 0);
  const largest = Math.min(...values.filter((value) => weightAbove(value) <= cut));
  return values.map((value) => Math.min(value, largest));
}
