import { setImmediate } from 'node:timers/promises';
import { quantile } from '@nss/analysis';
import { costsOf } from '@nss/cost';
import {
  type Architecture,
  drawArchitecture,
  formatArchitecture,
  type InputShape,
  type NetworkSpace,
  randomOf,
  type SearchSpace,
} from '@nss/space';

/** Architectures to measure: these very ones, or drawn. */
export type Population = { readonly label: string } & (
  | { readonly architectures: readonly Architecture[] }
  | DrawnPopulation
);

export type DrawnPopulation = {
  /** Drawn uniformly from it ... */
  readonly within: NetworkSpace;
  /** ... until there are so many ... */
  readonly count: number;
  /** ... of this cost: a range, or that of an earlier population between its 5% and its 95% quantile ... */
  readonly cost?: CostRange | { readonly matchedTo: string };
  /** ... that keep this rule. */
  readonly rule?: DesignRule;
};

/** Multiply-adds, inclusive. */
export type CostRange = { readonly min: number; readonly max: number };

/** What must not fall from one stage to the next. */
export type DesignRule = { readonly nondecreasingDepths: boolean; readonly nondecreasingWidths: boolean };

/** An architecture to measure. The same one may be drawn several times: a row is a draw. */
export type Row = {
  /** Label of its population. */
  readonly population: string;
  readonly architecture: Architecture;
  readonly multiplyAdds: number;
};

/**
 * Draws populations, in their order. What is drawn follows from the seed, the label and the conditions alone. Where the
 * conditions leave hardly any architecture, a population ends with fewer than were asked for after two million tries.
 */
export async function drawPopulations(
  space: SearchSpace,
  input: InputShape,
  populations: readonly Population[],
  seed: number,
): Promise<Row[]> {
  const rows = new Map<string, Row[]>();
  for (const population of populations) {
    const { label } = population;
    const costed = (architectures: readonly Architecture[]) => rowsOf(space, input, label, architectures);
    if ('architectures' in population) {
      rows.set(label, costed(population.architectures));
      continue;
    }
    const { cost } = population;
    const range = cost && 'matchedTo' in cost ? middleOf(rows.get(cost.matchedTo) ?? []) : cost;
    rows.set(label, await draw(population, range, randomOf(seed, 'evaluation', 'population', label), costed));
  }
  return [...rows.values()].flat();
}

/**
 * The different architectures among the rows; each needs measuring once only. In the order of their stages, first ones first, so that
 * neighbours have most of their first blocks in common, which a trainer computes once for all that it measures together.
 */
export function distinctArchitectures(rows: readonly Row[]): Architecture[] {
  const distinct = new Map(rows.map(({ architecture }) => [formatArchitecture(architecture), architecture]));
  return [...distinct.values()].sort(byStages);
}

function byStages(a: Architecture, b: Architecture): number {
  for (const [i, { depth, width }] of a.stages.entries()) {
    const difference = width - b.stages[i].width || depth - b.stages[i].depth;
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Draws until there are enough, and drops those that a condition forbids. */
async function draw(
  { within, count, rule }: DrawnPopulation,
  range: CostRange | undefined,
  random: ReturnType<typeof randomOf>,
  costed: (architectures: readonly Architecture[]) => Row[],
): Promise<Row[]> {
  const rows: Row[] = [];
  const batch = range || rule ? conditionedBatch : count;
  // Matched to nothing: no cost is right.
  if (range && !(range.min <= range.max)) return rows;
  for (let tried = 0; rows.length < count && tried < mostTries; tried += batch) {
    const drawn = Array.from({ length: batch }, () => drawArchitecture(random, within));
    // The rule costs nothing to check.
    const fit = costed(rule ? drawn.filter((architecture) => keeps(rule, architecture)) : drawn);
    rows.push(
      ...(range ? fit.filter(({ multiplyAdds }) => range.min <= multiplyAdds && multiplyAdds <= range.max) : fit),
    );
    // What is rare takes seconds to find; health checks and heartbeats must not wait for it.
    await setImmediate();
  }
  return rows.slice(0, count);
}

function rowsOf(space: SearchSpace, input: InputShape, population: string, architectures: readonly Architecture[]) {
  const packed = architectures.flatMap(({ stages }) => stages.flatMap(({ depth, width }) => [depth, width]));
  const { multiplyAdds } = costsOf(space, input, packed);
  return architectures.map((architecture, i): Row => ({ population, architecture, multiplyAdds: multiplyAdds[i] }));
}

/** The cost of rows between the 5% and the 95% quantile; NaN of nothing. */
function middleOf(rows: readonly Row[]): CostRange {
  const costs = rows.map(({ multiplyAdds }) => multiplyAdds);
  return { min: quantile(costs, 0.05), max: quantile(costs, 0.95) };
}

function keeps({ nondecreasingDepths, nondecreasingWidths }: DesignRule, { stages }: Architecture): boolean {
  return stages.every(({ depth, width }, i) => {
    const before = stages[i - 1];
    return (
      !before || ((!nondecreasingDepths || before.depth <= depth) && (!nondecreasingWidths || before.width <= width))
    );
  });
}

const conditionedBatch = 10_000;
const mostTries = 2_000_000;
