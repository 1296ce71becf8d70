import { isDeepStrictEqual } from 'node:util';
import { bootstrapPairedDifference, bootstrapStatistic, kendallTau, mean } from '@nss/analysis';
import { formatShare } from '@nss/report';
import { countArchitectures, formatMultiplyAdds, type NetworkSpace, randomOf, wholeSpace } from '@nss/space';
import { type Context, formatTolerance } from '../context.ts';
import { type Experiment, notQuoted } from '../experiment.ts';
import { edfPanels } from '../figures/edf-panels.ts';
import { judge } from '../finding.ts';
import type { JobNode } from '../job-node.ts';
import { nas, nasInside } from '../jobs.ts';
import { searchedSpace } from '../network-spaces.ts';
import type { Outcomes } from '../outcomes.ts';

/** How well NAS meets a target in spaces of growing size, against the Elite Space (the paper's figure 5). */
export const figure5: Experiment = {
  name: 'fig5',
  dataset: 'cifar10',
  targets: ({ growing }) => [growing.target],
  singleTarget: true,
  jobs: (context) =>
    context.seeds.flatMap((seed) => [
      eliteRun(context, seed),
      ...grownSpaces(context).map((space) => grownRun(context, space, seed)),
    ]),
  analyse: (context, outcomes) => {
    const drawsIn = (runOf: (seed: number) => JobNode<'nas'>) =>
      context.seeds.map((seed) => drawsOf(context, outcomes, runOf(seed), seed));
    const elite = { name: 'Elite Space', runs: drawsIn((seed) => eliteRun(context, seed)) };
    const grown = grownSpaces(context).map((space) => ({
      ...space,
      runs: drawsIn((seed) => grownRun(context, space, seed)),
    }));
    const target = targetOf(context);
    const tolerance = formatTolerance(context);
    const band = 100 * context.settings.nas.tolerance;
    const better = context.seeds.map((seed) => {
      const [a, b] = [elite, grown.at(-1)].map((each) => hitRateAt(each?.runs, seed));
      return { seed, pairs: a === undefined || b === undefined ? [] : [{ a: [100 * a], b: [100 * b] }] };
    });
    const trends = context.seeds.flatMap((seed) => {
      const rates = grown.map(({ runs }) => hitRateAt(runs, seed));
      const sizes = grown.map(({ size }) => size);
      return rates.every((rate) => rate !== undefined) ? [{ seed, tau: kendallTau(sizes, rates) }] : [];
    });
    return {
      title: `NAS at ${formatMultiplyAdds(target)} in spaces of growing size`,
      table: {
        header: ['space', 'networks_in_space', 'seed', 'draw', 'multiply_adds', 'deviation'],
        rows: [elite, ...grown].flatMap(({ name, runs }) =>
          runs.flatMap(({ seed, size, deviations }) =>
            deviations.map((deviation, i) => [name, size, seed, i, Math.round(target * (1 + deviation)), deviation]),
          ),
        ),
      },
      summary: {
        header: ['space', 'networks', `draws within ${tolerance} of the target, by seed`],
        rows: [elite, ...grown].map(({ name, runs }) => [
          name,
          [...new Set(runs.flatMap(({ size }) => size?.toLocaleString('en-US') ?? []))].join(', '),
          runs.map((run) => formatShare(run.hitRate)).join(', '),
        ]),
      },
      figure: edfPanels(
        depthsOf(context).map((depth) => ({
          title: `depth up to ${depth}`,
          sets: [
            { name: elite.name, values: percentOf(elite.runs) },
            ...grown
              .filter((each) => each.depth === depth)
              .map(({ width, runs }) => ({ name: `width up to ${width}`, values: percentOf(runs) })),
          ],
          domain: [-band, band],
        })),
        { xTitle: 'deviation from the target (%)', yTitle: 'share of draws' },
      ),
      findings: [
        judge({
          claim: `A network drawn by NAS on the Elite Space is more often within ${tolerance} of ${formatMultiplyAdds(target)} than one drawn by NAS on the whole search space`,
          what: 'the difference of the shares is',
          unit: 'percentage points',
          digits: 1,
          estimate: bootstrapPairedDifference(
            better.map(({ pairs }) => pairs),
            { random: randomOf(0, 'reproduce', 'growing-spaces') },
          ),
          seeds: better.filter(({ pairs }) => pairs.length > 0).map(({ seed }) => seed),
        }),
        judge({
          claim: `The larger the space, the fewer of the networks drawn by NAS are within ${tolerance} of the target`,
          what: `over ${grown.length} spaces Kendall's tau between size and share, the mean over the seeds and with its sign turned so that 1 means always fewer, is`,
          unit: '',
          estimate: bootstrapStatistic(trends, (all) => -mean(all.map(({ tau }) => tau)), {
            random: randomOf(0, 'reproduce', 'growing-spaces-trend'),
          }),
          seeds: trends.map(({ seed }) => seed),
        }),
      ],
      notes: [
        `Every distribution is over 1,000 (or more) networks drawn from theta when the search has ended, of all seeds together. The height of a curve at +${tolerance} minus that at -${tolerance} is the share within ${tolerance}.`,
        notQuoted,
      ],
    };
  },
};

type GrownSpace = {
  readonly name: string;
  readonly depth: number;
  readonly width: number;
  readonly space: NetworkSpace;
  /** Networks in it. */
  readonly size: number;
};

/** What one search has drawn: no deviations, and neither a size nor a hit rate, where it has no result. */
type Draws = {
  readonly seed: number;
  /** Networks in the space that it searched. */
  readonly size: number | undefined;
  /** cost / target - 1 of every draw. */
  readonly deviations: readonly number[];
  /** Share of them within the tolerance. */
  readonly hitRate: number | undefined;
};

/** The one that it is about. */
const targetOf = ({ targets }: Context) => targets[0];

const depthsOf = ({ scale, settings }: Context) =>
  upTo(scale.growing.depths, Math.max(...settings.searchSpace.stages.map(({ depth }) => depth.max)));

const widthsOf = ({ scale, settings }: Context) =>
  upTo(scale.growing.widths, Math.max(...settings.searchSpace.stages.map(({ width }) => width.max)));

/** The bounds that make a difference, the largest possible one last. */
const upTo = (bounds: readonly number[], max: number) => [...bounds.filter((bound) => bound < max), max];

const eliteRun = (context: Context, seed: number) => nas(context, targetOf(context), seed, 'elite');

/** Smallest first; the whole search space is the last. */
function grownSpaces(context: Context): GrownSpace[] {
  const whole = wholeSpace(context.settings.searchSpace);
  return depthsOf(context).flatMap((depth) =>
    widthsOf(context).map((width) => {
      const space = bounded(whole, { depth, width });
      return {
        name: `depth up to ${depth}, width up to ${width}`,
        depth,
        width,
        space,
        size: countArchitectures(space),
      };
    }),
  );
}

function grownRun(context: Context, { space }: GrownSpace, seed: number): JobNode<'nas'> {
  // Drawing from the whole search space stops later; the run is that of the tables.
  return isDeepStrictEqual(space, wholeSpace(context.settings.searchSpace))
    ? nas(context, targetOf(context), seed, 'search-space')
    : nasInside(context, targetOf(context), seed, space);
}

function bounded({ stages }: NetworkSpace, { depth, width }: { depth: number; width: number }): NetworkSpace {
  const cut = (range: { min: number; max: number }, max: number) => ({ ...range, max: Math.min(range.max, max) });
  return { stages: stages.map((stage) => ({ depth: cut(stage.depth, depth), width: cut(stage.width, width) })) };
}

function drawsOf(context: Context, outcomes: Outcomes, node: JobNode<'nas'>, seed: number): Draws {
  const found = outcomes.found(node);
  const csv = found?.artifacts['draws.csv'];
  if (!found || csv === undefined) return { seed, size: undefined, deviations: [], hitRate: undefined };
  const [, ...lines] = csv.trim().split('\n');
  const deviations = lines.map((line) => Number(line) / targetOf(context) - 1);
  const hits = deviations.filter((deviation) => Math.abs(deviation) <= context.settings.nas.tolerance);
  return {
    seed,
    size: countArchitectures(searchedSpace(context, found.resource)),
    deviations,
    hitRate: deviations.length > 0 ? hits.length / deviations.length : undefined,
  };
}

const percentOf = (runs: readonly Draws[]) =>
  runs.flatMap(({ deviations }) => deviations.map((deviation) => 100 * deviation));

const hitRateAt = (runs: readonly Draws[] | undefined, seed: number) => runs?.find((run) => run.seed === seed)?.hitRate;
