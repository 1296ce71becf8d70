import type { BinDraw } from './draws.ts';
import type { Bins, BinValues } from './theta.ts';

/**
 * d E[loss] / d logits from draws of theta and their losses: for each bin the mean of (loss - mean loss) over the draws, counted where
 * the bin was drawn. Unbiased: the mean of the other draws is each draw's baseline, which gives the factor 1 / (n - 1), and the
 * probabilities fall out because the differences sum to zero. Zero for a single draw.
 * Source: Williams 1992 (REINFORCE); the leave-one-out baseline: Kool et al. 2019.
 *
 * @param draws one bin per variable, by index, drawn independently
 * @param losses of the draws, in any unit; the gradient is in the same
 */
export function scoreFunctionGradient(
  bins: Bins,
  draws: readonly (readonly BinDraw[])[],
  losses: readonly number[],
): BinValues {
  const mean = losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
  const gradient = bins.map(({ depth, width }) => ({ depth: depth.map(() => 0), width: width.map(() => 0) }));
  for (const [k, draw] of draws.entries()) {
    const share = (losses[k] - mean) / Math.max(1, losses.length - 1);
    for (const [i, { depth, width }] of draw.entries()) {
      gradient[i].depth[depth] += share;
      gradient[i].width[width] += share;
    }
  }
  return gradient;
}
