import {
  countArchitectures,
  type InputShape,
  type NetworkSpace,
  type Random,
  randomOf,
  type SearchSpace,
} from '@nss/space';
import { costRange } from './architecture.ts';
import { type CountingTable, countAtMost, countingTable } from './counting.ts';
import { spaceCost } from './distribution.ts';
import { evaluateAll, multiplyAddsOf } from './polynomial.ts';

/** Statistics of the multiply-adds over all architectures of a network space. */
export type Certificate = {
  readonly architectures: number;
  readonly meanMultiplyAdds: number;
  readonly minMultiplyAdds: number;
  readonly maxMultiplyAdds: number;
  /** At 5, 25, 50, 75 and 95%: the smallest cost that at least this share of the architectures does not exceed. */
  readonly quantiles: readonly { readonly probability: number; readonly multiplyAdds: number }[];
  /** 0 when no target was given; then so are deviation and share. */
  readonly targetMultiplyAdds: number;
  /** mean / target - 1. */
  readonly deviation: number;
  /** Share of the architectures whose cost is from 0.9 to 1.1 of the target, both included. */
  readonly shareWithin10Percent: number;
  /**
   * Whether quantiles and share were counted over every architecture. Otherwise they come from 100,000 uniform draws: the
   * share of architectures below a quantile is then within 0.5 percent points of its probability, at 95% confidence
   * (Dvoretzky, Kiefer, Wolfowitz). Count, mean, minimum and maximum are always exact.
   */
  readonly exact: boolean;
  /** The 95% half-width of the share when sampled (the farther bound of the Wilson interval), else 0. */
  readonly shareError: number;
};

/**
 * Certifies the cost of a network space (method section 3). Counts exactly while the two halves of the stages have few
 * enough sums, which holds for every Elite Space of the paper; samples from `random` otherwise.
 */
export function certify(
  space: SearchSpace,
  input: InputShape,
  networkSpace: NetworkSpace,
  targetMultiplyAdds = 0,
  random: Random = randomOf(0, 'certificate'),
): Certificate {
  const range = costRange(space, input, networkSpace);
  const meanMultiplyAdds = spaceCost(space, input, networkSpace);
  const table = countingTable(multiplyAddsOf(space, input), networkSpace);
  const measured = table
    ? measureExactly(table, range, targetMultiplyAdds)
    : measureSample(space, input, networkSpace, targetMultiplyAdds, random);
  return {
    architectures: countArchitectures(networkSpace),
    meanMultiplyAdds,
    minMultiplyAdds: range.min,
    maxMultiplyAdds: range.max,
    targetMultiplyAdds,
    deviation: targetMultiplyAdds > 0 ? meanMultiplyAdds / targetMultiplyAdds - 1 : 0,
    ...measured,
  };
}

type Measured = Pick<Certificate, 'quantiles' | 'shareWithin10Percent' | 'exact' | 'shareError'>;

const percents = [5, 25, 50, 75, 95];

function measureExactly(table: CountingTable, range: { min: number; max: number }, target: number): Measured {
  const total = countAtMost(table, range.max);
  const quantiles = percents.map((percent) => ({
    probability: percent / 100,
    multiplyAdds: smallestReaching(table, rankOf(percent, total), range),
  }));
  const share = target > 0 ? countNear(table, target, 0.1) / total : 0;
  return { quantiles, shareWithin10Percent: share, exact: true, shareError: 0 };
}

const sampleSize = 100_000;

/** Exported for its tests: every space small enough to check by enumeration is counted instead. */
export function measureSample(
  space: SearchSpace,
  input: InputShape,
  networkSpace: NetworkSpace,
  target: number,
  random: Random,
): Measured {
  const costs = drawCosts(space, input, networkSpace, random).sort();
  const quantiles = percents.map((percent) => ({
    probability: percent / 100,
    multiplyAdds: costs[rankOf(percent, sampleSize) - 1],
  }));
  if (target <= 0) return { quantiles, shareWithin10Percent: 0, exact: false, shareError: 0 };
  const share = shareOf(costs, target, 0.1);
  return { quantiles, shareWithin10Percent: share, exact: false, shareError: wilsonError(share, sampleSize) };
}

/**
 * Share of the architectures of a network space whose cost is within `tolerance`, a share of the target, of it: how often a uniform draw
 * meets the target. Exact where a certificate is, else from as many draws from `random`.
 */
export function shareNearTarget(
  space: SearchSpace,
  input: InputShape,
  networkSpace: NetworkSpace,
  { target, tolerance }: { readonly target: number; readonly tolerance: number },
  random: Random = randomOf(0, 'certificate'),
): number {
  const table = countingTable(multiplyAddsOf(space, input), networkSpace);
  return table
    ? countNear(table, target, tolerance) / countArchitectures(networkSpace)
    : shareOf(drawCosts(space, input, networkSpace, random), target, tolerance);
}

function countNear(table: CountingTable, target: number, tolerance: number): number {
  const { min, max } = windowOf(target, tolerance);
  // Costs are whole numbers: what is below the lower bound is at most the whole number before it.
  return countAtMost(table, max) - countAtMost(table, Math.ceil(min) - 1);
}

function shareOf(costs: Float64Array, target: number, tolerance: number): number {
  const { min, max } = windowOf(target, tolerance);
  let within = 0;
  for (const cost of costs) if (cost >= min && cost <= max) within++;
  return within / costs.length;
}

/** The costs within a share of the target; of whole percents exactly. */
function windowOf(target: number, tolerance: number): { min: number; max: number } {
  const percent = 100 * tolerance;
  return { min: (target * (100 - percent)) / 100, max: (target * (100 + percent)) / 100 };
}

/** Costs of uniform draws. */
function drawCosts(space: SearchSpace, input: InputShape, networkSpace: NetworkSpace, random: Random): Float64Array {
  const variables = networkSpace.stages.flatMap(({ depth, width }) => [depth, width]);
  const drawn = new Int32Array(sampleSize * variables.length);
  for (let at = 0; at < drawn.length; ) {
    for (const { min, max } of variables) drawn[at++] = random.integer(min, max);
  }
  return evaluateAll(multiplyAddsOf(space, input), drawn);
}

/** How many of `total` architectures a quantile must reach; whole percents keep the product exact. */
const rankOf = (percent: number, total: number) => Math.max(1, Math.ceil((percent * total) / 100));

/** The smallest cost that at least `rank` architectures do not exceed, by bisection over whole numbers. */
function smallestReaching(table: CountingTable, rank: number, { min, max }: { min: number; max: number }): number {
  let [low, high] = [min, max];
  while (low < high) {
    const middle = low + Math.floor((high - low) / 2);
    if (countAtMost(table, middle) >= rank) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** How far the 95% Wilson score interval reaches from a share; unlike the normal interval not 0 at a share of 0 or 1. */
function wilsonError(share: number, samples: number): number {
  const z2 = 1.959963984540054 ** 2;
  const centre = (share + z2 / (2 * samples)) / (1 + z2 / samples);
  const half = Math.sqrt(z2 * ((share * (1 - share)) / samples + z2 / (4 * samples ** 2))) / (1 + z2 / samples);
  return Math.abs(share - centre) + half;
}
