import { type Architecture, drawIndex, type Random, type Range, type StageMixture } from '@nss/space';
import { gumbelSoftmax } from './gumbel.ts';
import type { Bins, BinValues } from './theta.ts';

/** One bin per variable of a stage, by index. */
export type BinDraw = { readonly depth: number; readonly width: number };

/** Draws one bin per variable from theta, stage by stage. */
export function drawBins(random: Random, probabilities: BinValues): BinDraw[] {
  return probabilities.map(({ depth, width }) => ({
    depth: drawIndex(random, depth),
    width: drawIndex(random, width),
  }));
}

/**
 * What a weight step trains: one bin per variable from theta, an architecture uniformly from these bins, and each depth and
 * each width independently replaced by the largest of the search space with `largestProbability` (the warmup's way of
 * training the filters that small architectures rarely touch; TuNAS).
 */
export function drawWeightArchitecture(
  random: Random,
  bins: Bins,
  probabilities: BinValues,
  largestProbability: number,
): Architecture {
  const draw = (ranges: readonly Range[], weights: readonly number[]) => {
    const { min, max } = ranges[drawIndex(random, weights)];
    const drawn = random.integer(min, max);
    return random.uniform() < largestProbability ? ranges[ranges.length - 1].max : drawn;
  };
  return {
    stages: bins.map(({ depth, width }, i) => ({
      depth: draw(depth, probabilities[i].depth),
      width: draw(width, probabilities[i].width),
    })),
  };
}

/**
 * What a theta step trains on: in every bin one depth or width drawn uniformly (the expectation over a bin's
 * architectures), weighted by Gumbel-Softmax weights of theta.
 */
export function drawMixture(random: Random, bins: Bins, logits: BinValues, temperature: number): StageMixture[] {
  const draw = ({ min, max }: Range) => random.integer(min, max);
  return bins.map(({ depth, width }, i) => ({
    depths: depth.map(draw),
    depthWeights: gumbelSoftmax(logits[i].depth, temperature, random),
    widths: width.map(draw),
    widthWeights: gumbelSoftmax(logits[i].width, temperature, random),
  }));
}
