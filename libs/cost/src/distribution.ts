import {
  depthBins,
  type InputShape,
  meanOf,
  type NetworkSpace,
  type Range,
  type SearchSpace,
  sizeOf,
  widthBins,
} from '@nss/space';
import { type CostPolynomial, multiplyAddsOf } from './polynomial.ts';

/** One weight per depth bin and per width bin of a stage: probabilities, or Gumbel-Softmax weights. */
export type BinWeights = { readonly depth: ArrayLike<number>; readonly width: ArrayLike<number> };

/** The derivative in every weight of BinWeights. */
export type BinGradient = { depth: number[]; width: number[] };

/**
 * Mean multiply-adds of the architectures that a product distribution over bins gives, uniform inside a bin, and its
 * gradient in the weights (method section 3). Exact, because the cost is a polynomial in independent depths and widths
 * that needs E[d], E[w] and E[w^2] only. In the gradient every weight is a free variable, also where they sum to one.
 */
export function distributionCost(
  space: SearchSpace,
  input: InputShape,
  weights: readonly BinWeights[],
): { mean: number; gradient: BinGradient[] } {
  const polynomial = multiplyAddsOf(space, input);
  const { stages, stemWidth, perFeature } = polynomial;
  const bins = space.stages.map((stage) => ({
    depth: depthBins(stage).map(meanOf),
    width: widthBins(stage).map(meanOf),
    square: widthBins(stage).map(meanSquareOf),
  }));
  const moments = bins.map(({ depth, width, square }, i) => ({
    depth: dot(weights[i].depth, depth),
    width: dot(weights[i].width, width),
    square: dot(weights[i].width, square),
  }));
  const gradient = moments.map((moment, i) => {
    const before = i === 0 ? stemWidth : moments[i - 1].width;
    const after = i === moments.length - 1 ? perFeature : stages[i + 1].cross * moments[i + 1].width;
    const { cross, once, perBlock } = stages[i];
    const inDepth = perBlock * moment.square;
    const inWidth = cross * before + after;
    const inSquare = once + perBlock * moment.depth;
    return {
      depth: bins[i].depth.map((depth) => inDepth * depth),
      width: bins[i].width.map((width, j) => inWidth * width + inSquare * bins[i].square[j]),
    };
  });
  return { mean: meanCost(polynomial, moments), gradient };
}

/** Mean multiply-adds over all architectures of a network space, exact. */
export function spaceCost(space: SearchSpace, input: InputShape, networkSpace: NetworkSpace): number {
  const moments = networkSpace.stages.map(({ depth, width }) => ({
    depth: meanOf(depth),
    width: meanOf(width),
    square: meanSquareOf(width),
  }));
  return meanCost(multiplyAddsOf(space, input), moments);
}

/** E[d], E[w] and E[w^2] of a stage. */
type Moments = { depth: number; width: number; square: number };

/** The mean of a polynomial without BatchNorm terms; stages are independent, so E[w_{i-1} w_i] = E[w_{i-1}] E[w_i]. */
function meanCost({ constant, stemWidth, stages, perFeature }: CostPolynomial, moments: readonly Moments[]): number {
  let mean = constant;
  let before = stemWidth;
  for (const [i, { depth, width, square }] of moments.entries()) {
    const { cross, once, perBlock } = stages[i];
    mean += cross * before * width + (once + perBlock * depth) * square;
    before = width;
  }
  return mean + perFeature * before;
}

/** Mean of the square of a uniform draw: the square of the mean, plus the variance (n^2 - 1) / 12. */
const meanSquareOf = (range: Range) => meanOf(range) ** 2 + (sizeOf(range) ** 2 - 1) / 12;

function dot(weights: ArrayLike<number>, values: readonly number[]): number {
  return values.reduce((sum, value, j) => sum + weights[j] * value, 0);
}
