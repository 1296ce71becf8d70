import { quantile } from '@nss/analysis';
import { costFunction } from '@nss/cost';
import { turn } from '@nss/runtime';
import {
  type Architecture,
  drawArchitecture,
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
  const costOf = costFunction(space, input);
  const rows = new Map<string, Row[]>();
  for (const population of populations) {
    const { label } = population;
    const costed = (architecture: Architecture): Row => ({
      population: label,
      architecture,
      multiplyAdds: costOf(architecture),
    });
    if ('architectures' in population) {
      rows.set(label, population.architectures.map(costed));
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
  const distinct = new Map(rows.map(({ architecture }) => [keyOf(architecture), architecture]));
  return [...distinct].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, architecture]) => architecture);
}

/** What tells architectures apart. A character for each width and each depth, none of which is large, so that keys are in the order of the stages. */
export const keyOf = ({ stages }: Architecture) =>
  String.fromCharCode(...stages.flatMap(({ width, depth }) => [width, depth]));

/** Draws until there are enough, and drops those that a condition forbids. */
async function draw(
  { within, count, rule }: DrawnPopulation,
  range: CostRange | undefined,
  random: ReturnType<typeof randomOf>,
  costed: (architecture: Architecture) => Row,
): Promise<Row[]> {
  const rows: Row[] = [];
  // Matched to nothing: no cost is right.
  if (range && !(range.min <= range.max)) return rows;
  for (let tried = 0; rows.length < count && tried < mostTries; tried++) {
    // What is rare takes seconds to find.
    if (tried % triesATurn === 0) await turn();
    const architecture = drawArchitecture(random, within);
    if (rule && !keeps(rule, architecture)) continue;
    const row = costed(architecture);
    if (!range || (range.min <= row.multiplyAdds && row.multiplyAdds <= range.max)) rows.push(row);
  }
  return rows;
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

/** A few milliseconds of them. */
const triesATurn = 1_000;
const mostTries = 2_000_000;
