import { costFunction, spaceCost } from '@nss/cost';
import {
  type Architecture,
  type InputShape,
  type NetworkSpace,
  randomOf,
  type SearchSpace,
  spaceOfBins,
} from '@nss/space';
import { drawBins, drawWeightArchitecture } from './draws.ts';
import { type BinValues, binsOf } from './theta.ts';

/** What a finished search is judged by. */
export type Found = {
  readonly space: SearchSpace;
  readonly input: InputShape;
  /** Theta's probabilities. */
  readonly probabilities: BinValues;
  readonly targetMultiplyAdds: number;
  readonly seed: number;
};

/** A network space drawn from theta. */
export type SpaceDraw = {
  readonly space: NetworkSpace;
  /** Mean over its architectures. */
  readonly meanMultiplyAdds: number;
  /** mean / target - 1. */
  readonly deviation: number;
};

/**
 * Draws `draws` spaces from theta; the Elite Space is the one whose mean cost is closest to the target, the first of them
 * on a tie.
 */
export function selectEliteSpace(found: Found, draws: number): { elite: SpaceDraw; draws: SpaceDraw[] } {
  const drawn = Array.from({ length: draws }, (_, i): SpaceDraw => {
    const bins = drawBins(randomOf(found.seed, 'elite-space', i), found.probabilities);
    const space = spaceOfBins(found.space, bins);
    const meanMultiplyAdds = spaceCost(found.space, found.input, space);
    return { space, meanMultiplyAdds, deviation: meanMultiplyAdds / found.targetMultiplyAdds - 1 };
  });
  return { elite: drawn.reduce(closest), draws: drawn };
}

/** When to stop drawing architectures (method section 6). */
export type ArchitecturePolicy =
  /** Keep the closest of this many: on an Elite Space. */
  | { readonly draws: number; readonly tolerance: number }
  /** Keep the first within the tolerance, or the closest of `maxDraws`: on a search space. */
  | { readonly maxDraws: number; readonly tolerance: number };

export type ArchitectureDraw = {
  readonly architecture: Architecture;
  readonly multiplyAdds: number;
  /** multiplyAdds / target - 1. */
  readonly deviation: number;
};

/** The architecture kept, how many were drawn to get it, and how often theta meets the target. */
export type SelectedArchitecture = ArchitectureDraw & {
  readonly draws: number;
  /** Share of 1,000 draws (or of all, when more were needed) with |deviation| at most the tolerance. */
  readonly hitRate: number;
  /** Multiply-adds of those draws, in the order drawn. */
  readonly drawnMultiplyAdds: readonly number[];
};

/** Draws architectures from theta and keeps one, as the policy says. */
export function selectArchitecture(found: Found, policy: ArchitecturePolicy): SelectedArchitecture {
  const bins = binsOf(found.space);
  const costOf = costFunction(found.space, found.input);
  const drawAt = (i: number): ArchitectureDraw => {
    const random = randomOf(found.seed, 'elite-architecture', i);
    const architecture = drawWeightArchitecture(random, bins, found.probabilities, 0);
    const multiplyAdds = costOf(architecture);
    return { architecture, multiplyAdds, deviation: multiplyAdds / found.targetMultiplyAdds - 1 };
  };
  const hits = ({ deviation }: ArchitectureDraw) => Math.abs(deviation) <= policy.tolerance;
  const most = 'draws' in policy ? policy.draws : policy.maxDraws;
  let kept: ArchitectureDraw | undefined;
  const drawn: ArchitectureDraw[] = [];
  while (drawn.length < most && !('maxDraws' in policy && kept && hits(kept))) {
    const draw = drawAt(drawn.length);
    kept = kept ? closest(kept, draw) : draw;
    drawn.push(draw);
  }
  if (!kept) throw new RangeError(`an architecture needs at least one draw, the policy allows ${most}`);
  const draws = drawn.length;
  // The few draws that decide say little about theta; the rate is taken over enough of them to mean something.
  while (drawn.length < hitRateDraws) drawn.push(drawAt(drawn.length));
  return {
    ...kept,
    draws,
    hitRate: drawn.filter(hits).length / drawn.length,
    drawnMultiplyAdds: drawn.map(({ multiplyAdds }) => multiplyAdds),
  };
}

const closest = <T extends { readonly deviation: number }>(a: T, b: T): T =>
  Math.abs(b.deviation) < Math.abs(a.deviation) ? b : a;

const hitRateDraws = 1000;
