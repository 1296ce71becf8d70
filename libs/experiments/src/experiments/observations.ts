import { wilsonInterval } from '@nss/analysis';
import { colour, formatShare, panelTitle } from '@nss/report';
import { formatMultiplyAdds, meanOf, type NetworkSpace, parseSpace } from '@nss/space';
import type { TopLevelSpec } from 'vega-lite';
import type { Context } from '../context.ts';
import type { Experiment } from '../experiment.ts';
import { coloursOf, legend } from '../figures/colours.ts';
import { judge } from '../finding.ts';
import { search } from '../jobs.ts';
import type { Outcomes } from '../outcomes.ts';
import { shareOfSpacesAt } from '../random-spaces.ts';

/** What Elite Spaces look like (the paper's section 4.5). */
export const observations: Experiment = {
  name: 'observations',
  dataset: 'cifar10',
  targets: ({ targets }) => targets,
  jobs: (context) => everySearch(context).map(({ target, seed }) => search(context, target, seed)),
  analyse: (context, outcomes) => {
    const found = eliteSpaces(context, outcomes);
    return {
      title: 'Depth and width over the stages of Elite Spaces',
      table: {
        header: ['target_multiply_adds', 'seed', 'space', ...rules.map(({ text }) => text)],
        rows: found.map(({ target, seed, text, space }) => [
          target,
          seed,
          text,
          ...rules.map(({ holds }) => (holds(space) ? 1 : 0)),
        ]),
      },
      figure: overStages(context, found),
      findings: rules.map(({ text, holds }) => {
        const kept = found.filter(({ space }) => holds(space)).length;
        const chance = shareByChance(context, holds);
        return judge({
          claim: `${text} holds in more Elite Spaces than in random spaces of the same cost`,
          what: `it holds in ${formatShare(chance)} of random spaces, and in ${kept} of ${found.length} Elite Spaces, which is`,
          unit: '%',
          digits: 0,
          threshold: 100 * chance,
          estimate: inPercent(kept, found.length),
          seeds: [...new Set(found.map(({ seed }) => seed))],
          paper: `${text} is an observation about the Elite Spaces that it found`,
        });
      }),
      notes: [
        'A space keeps a rule when the middles of its ranges do. Random spaces are drawn uniformly from the bins; those count whose mean cost is within 5% of a target, or the 50 closest where these are fewer. Searches of one seed share a warmup, so the interval (Wilson), which takes them for independent, is rather too narrow.',
      ],
    };
  },
};

type Rule = { readonly text: string; readonly holds: (space: NetworkSpace) => boolean };

/** About spaces of three stages; no other keeps them. */
const rules: readonly Rule[] = [
  { text: 'd1 <= d3 <= d2', holds: ({ stages }) => inOrder(stages.map(({ depth }) => meanOf(depth))) },
  { text: 'w1 <= w3 <= w2', holds: ({ stages }) => inOrder(stages.map(({ width }) => meanOf(width))) },
];

const inOrder = ([first, second, third, ...more]: number[]) => more.length === 0 && first <= third && third <= second;

type EliteSpace = {
  readonly target: number;
  readonly seed: number;
  readonly text: string;
  readonly space: NetworkSpace;
};

const everySearch = ({ targets, seeds }: Context) =>
  targets.flatMap((target) => seeds.map((seed) => ({ target, seed })));

function eliteSpaces(context: Context, outcomes: Outcomes): EliteSpace[] {
  return everySearch(context).flatMap(({ target, seed }) => {
    const text = outcomes.found(search(context, target, seed))?.resource.result?.eliteSpaceText;
    return text === undefined ? [] : [{ target, seed, text, space: parseSpace(text) }];
  });
}

/** How often a rule holds in random spaces at the targets, each counted alike. */
function shareByChance(context: Context, holds: Rule['holds']): number {
  const shares = context.targets.map((target) => shareOfSpacesAt(context, target, holds));
  return shares.reduce((sum, share) => sum + share, 0) / shares.length;
}

function inPercent(kept: number, of: number) {
  const { low, high } = wilsonInterval(kept, of);
  return { estimate: (100 * kept) / of, low: 100 * low, high: 100 * high };
}

function overStages({ targets }: Context, found: readonly EliteSpace[]): TopLevelSpec {
  const values = found.flatMap(({ target, seed, space }) =>
    space.stages.map(({ depth, width }, i) => ({
      target: formatMultiplyAdds(target),
      search: `${target}/${seed}`,
      stage: `stage ${i + 1}`,
      depth: meanOf(depth),
      width: meanOf(width),
    })),
  );
  const names = targets.map(formatMultiplyAdds);
  const encoding = (field: string, title: string) => ({
    x: { field: 'stage', type: 'ordinal' as const, title: null, axis: { labelAngle: 0, labelColor: colour('ink') } },
    y: { field, type: 'quantitative' as const, title, axis: { tickCount: 5 } },
    color: {
      field: 'target',
      type: 'nominal' as const,
      scale: { domain: names, range: coloursOf(names.length) },
      legend: { ...legend, title: 'target' },
    },
    detail: { field: 'search', type: 'nominal' as const },
  });
  const panel = (title: string, field: string, yTitle: string) => ({
    width: 320,
    height: 240,
    layer: [
      panelTitle(title),
      {
        data: { values },
        mark: { type: 'line' as const, strokeWidth: 1.5, opacity: 0.7, point: { size: 30 } },
        encoding: encoding(field, yTitle),
      },
    ],
  });
  return {
    hconcat: [
      panel('Depth', 'depth', 'blocks (middle of the range)'),
      panel('Width', 'width', 'channels (middle of the range)'),
    ],
    resolve: { legend: { color: 'shared' }, scale: { color: 'shared' } },
    bounds: 'flush',
    spacing: 80,
  };
}
