import { depthBins, type Range, type SearchSpace, widthBins } from '@nss/space';

/** One number per bin of both variables of a stage: logits, probabilities, Gumbel-Softmax weights, moments or gradients. */
export type StageBinValues = { readonly depth: readonly number[]; readonly width: readonly number[] };

/** One number per bin of the whole search space, stage by stage. Theta is such a list of logits; plain data, ready for JSON. */
export type BinValues = readonly StageBinValues[];

/** The candidate ranges of every variable, in the order of theta's logits. */
export type Bins = readonly { readonly depth: readonly Range[]; readonly width: readonly Range[] }[];

export const binsOf = (space: SearchSpace): Bins =>
  space.stages.map((stage) => ({ depth: depthBins(stage), width: widthBins(stage) }));

/** Zero for every bin: the logits of the uniform theta, with which a search begins. */
export const zerosOf = (bins: Bins): BinValues =>
  bins.map(({ depth, width }) => ({ depth: depth.map(() => 0), width: width.map(() => 0) }));

/** Theta's probabilities: per stage one categorical distribution over depth bins and one over width bins. */
export const probabilitiesOf = (logits: BinValues): BinValues =>
  logits.map(({ depth, width }) => ({ depth: softmax(depth), width: softmax(width) }));

/** Entropy in nats, summed over the independent variables. Falls to 0 as theta decides. */
export const entropyOf = (probabilities: BinValues): number =>
  probabilities.reduce((sum, { depth, width }) => sum + entropy(depth) + entropy(width), 0);

/** exp(x) / sum exp(x), with the largest entry subtracted first so that nothing overflows. */
export function softmax(values: readonly number[]): number[] {
  const largest = Math.max(...values);
  const exponentials = values.map((value) => Math.exp(value - largest));
  const sum = exponentials.reduce((a, b) => a + b, 0);
  return exponentials.map((value) => value / sum);
}

const entropy = (probabilities: readonly number[]): number =>
  probabilities.reduce((sum, p) => (p > 0 ? sum - p * Math.log(p) : sum), 0);
