import { spaceCost } from '@nss/cost';
import { depthBins, formatSpace, type NetworkSpace, randomOf, spaceOfBins, widthBins } from '@nss/space';
import type { Context } from './context.ts';

/** A space drawn without looking at any image. */
export type RandomSpace = {
  readonly space: NetworkSpace;
  readonly meanMultiplyAdds: number;
  /** mean / target - 1. */
  readonly deviation: number;
};

/** As close to the target as searches come. */
const tolerance = 0.02;
const mostDraws = 20_000;

/**
 * Network spaces drawn uniformly from the bins until `count` different ones meet the target within 2% on average. Where the
 * search space has hardly any, the closest of 20,000 draws stand in. Follows from the seed and the target alone.
 */
export function drawSpacesAt(context: Context, target: number, seed: number, count: number): RandomSpace[] {
  const found = new Map<string, RandomSpace>();
  const all = new Map<string, RandomSpace>();
  for (const drawn of draws(context, target, seed)) {
    const text = formatSpace(drawn.space);
    all.set(text, drawn);
    if (Math.abs(drawn.deviation) <= tolerance) found.set(text, drawn);
    if (found.size === count) return [...found.values()];
  }
  return [...all.values()].sort(byDistance).slice(0, count);
}

/**
 * The share, from 0 to 1, of network spaces at the target that something holds for: of 20,000 draws, of those within 5% on average, or
 * of the 50 closest where these are fewer.
 */
export function shareOfSpacesAt(context: Context, target: number, holds: (space: NetworkSpace) => boolean): number {
  const all = [...draws(context, target, 0)].sort(byDistance);
  const within = all.findIndex(({ deviation }) => Math.abs(deviation) > 0.05);
  const counted = all.slice(0, Math.max(50, within === -1 ? all.length : within));
  return counted.filter(({ space }) => holds(space)).length / counted.length;
}

const byDistance = (a: RandomSpace, b: RandomSpace) => Math.abs(a.deviation) - Math.abs(b.deviation);

function* draws(context: Context, target: number, seed: number): Generator<RandomSpace, void, undefined> {
  const { searchSpace } = context.settings;
  const random = randomOf(seed, 'reproduce', 'random-space', target);
  const draw = (bins: readonly unknown[]) => random.integer(0, bins.length - 1);
  const stages = searchSpace.stages.map((stage) => ({ depth: depthBins(stage), width: widthBins(stage) }));
  for (let i = 0; i < mostDraws; i++) {
    const bins = stages.map(({ depth, width }) => ({ depth: draw(depth), width: draw(width) }));
    const space = spaceOfBins(searchSpace, bins);
    const meanMultiplyAdds = spaceCost(searchSpace, context.input, space);
    yield { space, meanMultiplyAdds, deviation: meanMultiplyAdds / target - 1 };
  }
}
