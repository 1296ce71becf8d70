import { bootstrapKendallTau, bootstrapStatistic, kendallTau, mean } from '@nss/analysis';
import { fromArchitecture } from '@nss/contracts';
import { architectureCost } from '@nss/cost';
import { costUnitOf, panelTitle } from '@nss/report';
import { type Architecture, drawArchitecture, formatArchitecture, randomOf, wholeSpace } from '@nss/space';
import type { TopLevelSpec } from 'vega-lite';
import type { Context } from '../context.ts';
import type { Experiment, Table } from '../experiment.ts';
import { coloursOf, legend } from '../figures/colours.ts';
import { intervalOf, judge } from '../finding.ts';
import { listEvaluation, training } from '../jobs.ts';
import { errorsOf, networksOf } from '../measured-networks.ts';
import type { Outcomes } from '../outcomes.ts';

/** How far the super network that measures populations can be trusted to rank networks. */
export const fidelity: Experiment = {
  name: 'fidelity',
  dataset: 'cifar10',
  // Its networks are drawn from all of the search space.
  targets: ({ targets }) => targets,
  jobs: (context) =>
    context.seeds.flatMap((seed) => [
      evaluationOf(context, seed),
      ...networks(context).map((_, i) => trainingOf(context, i, seed)),
    ]),
  analyse: (context, outcomes) => {
    const measured = context.seeds.map((seed) => measuredAt(context, outcomes, seed));
    const found = measured.filter(({ pairs }) => pairs.length > 0);
    // Only networks that every seed has.
    const common = networks(context)
      .map(formatArchitecture)
      .filter((text) => found.every(({ pairs }) => pairs.some(({ architecture }) => architecture === text)));
    const lists = found.map(({ pairs }): Lists => {
      const kept = common.flatMap((text) => pairs.find(({ architecture }) => architecture === text) ?? []);
      return {
        superNetwork: kept.map((each) => each.superNetwork),
        scratch: kept.map((each) => each.scratch),
        cost: kept.map((each) => each.multiplyAdds),
      };
    });
    const seeds = found.map(({ seed }) => seed);
    const better = (chosen: readonly number[]) => {
      const at = (values: readonly number[]) => chosen.map((i) => values[i]);
      return mean(
        lists.map(({ superNetwork, scratch, cost }) => {
          return kendallTau(at(superNetwork), at(scratch)) + kendallTau(at(cost), at(scratch));
        }),
      );
    };
    return {
      title: 'Errors in the evaluation super network and trained from scratch',
      table: {
        header: ['seed', 'architecture', 'multiply_adds', 'super_network_error_percent', 'trained_error_percent'],
        rows: measured.flatMap(({ seed, pairs: all }) =>
          all.map((each) => [seed, each.architecture, each.multiplyAdds, each.superNetwork, each.scratch]),
        ),
      },
      summary: agreementOf(lists),
      figure: scatter(measured),
      findings: [
        judge({
          claim: 'The evaluation super network ranks networks as training them from scratch does',
          what: `over ${common.length} networks Kendall's tau, 1 for the same order and 0 for none, the mean over the seeds, is`,
          unit: '',
          estimate: tauOf(lists.map(({ superNetwork, scratch }) => ({ a: superNetwork, b: scratch }))),
          seeds,
        }),
        judge({
          claim: 'It ranks them better than their cost alone does',
          what: 'tau is greater than that of the cost by',
          unit: '',
          estimate: bootstrapStatistic([...common.keys()], better, {
            random: randomOf(0, 'reproduce', 'fidelity-cost'),
          }),
          seeds,
        }),
      ],
      notes: [
        'The networks are drawn uniformly from the search space, the same for every seed; each is trained from scratch once a seed with the settings of final trainings. Intervals are over the networks.',
      ],
    };
  },
};

const label = 'fidelity';

const networks = ({ settings, scale }: Context): Architecture[] =>
  Array.from({ length: scale.fidelityArchitectures }, (_, i) =>
    drawArchitecture(randomOf(0, 'reproduce', 'fidelity-network', i), wholeSpace(settings.searchSpace)),
  );

const evaluationOf = (context: Context, seed: number) =>
  listEvaluation(context, 'the networks trained from scratch', seed, label, networks(context).map(fromArchitecture));

function trainingOf(context: Context, i: number, seed: number) {
  const network = networks(context)[i];
  return training(context, `training of ${formatArchitecture(network)}, seed ${seed}`, {
    architecture: fromArchitecture(network),
    seed,
    multiplyAdds: costOf(context, network),
  });
}

const costOf = ({ settings, input }: Context, network: Architecture) =>
  architectureCost(settings.searchSpace, input, network);

type Measured = {
  readonly architecture: string;
  readonly multiplyAdds: number;
  readonly superNetwork: number;
  readonly scratch: number;
};

function measuredAt(context: Context, outcomes: Outcomes, seed: number): { seed: number; pairs: Measured[] } {
  const errors = errorsOf(networksOf(outcomes, evaluationOf(context, seed), label));
  const pairs = networks(context).flatMap((network, i): Measured[] => {
    const scratch = outcomes.found(trainingOf(context, i, seed))?.resource.result?.testErrorPercent;
    if (scratch === undefined || errors[i] === undefined) return [];
    const architecture = formatArchitecture(network);
    return [{ architecture, multiplyAdds: costOf(context, network), superNetwork: errors[i], scratch }];
  });
  return { seed, pairs };
}

/** Errors of the same networks, in percent, and their costs; one of each a seed. */
type Lists = Readonly<Record<'superNetwork' | 'scratch' | 'cost', readonly number[]>>;

/** Kendall's tau of whatever orders the same networks, the mean over all that is compared. Its interval is over the networks. */
const tauOf = (compared: readonly { a: readonly number[]; b: readonly number[] }[]) =>
  bootstrapKendallTau(compared, { random: randomOf(0, 'reproduce', 'fidelity') });

/**
 * How far orders of the networks agree. What two trainings, or two super networks, that differ by their seeds only agree on tells how much of
 * a disagreement between the two is noise.
 */
function agreementOf(lists: readonly Lists[]): Table {
  const pairs = lists.flatMap((one, i) => lists.slice(i + 1).map((other) => [one, other] as const));
  const meanOf = (name: keyof Lists) =>
    lists.length === 0 ? [] : lists[0][name].map((_, i) => mean(lists.map((list) => list[name][i])));
  const rows = {
    'the super network and training from scratch, same seed': lists.map((list) => ({
      a: list.superNetwork,
      b: list.scratch,
    })),
    'means over the seeds of both': [{ a: meanOf('superNetwork'), b: meanOf('scratch') }],
    'the cost (more is better) and training from scratch': lists.map(({ cost, scratch }) => ({
      a: cost.map((value) => -value),
      b: scratch,
    })),
    'training from scratch with two seeds': pairs.map(([one, other]) => ({ a: one.scratch, b: other.scratch })),
    'super networks of two seeds': pairs.map(([one, other]) => ({ a: one.superNetwork, b: other.superNetwork })),
  };
  return {
    header: ['orders of the networks by', "Kendall's tau (95% interval)"],
    rows: Object.entries(rows).map(([what, compared]) => [what, intervalOf({ estimate: tauOf(compared) })]),
  };
}

/** Errors trained from scratch against those in the super network and, to compare, against the cost. */
function scatter(measured: readonly { seed: number; pairs: readonly Measured[] }[]): TopLevelSpec {
  const unit = costUnitOf(Math.max(...measured.flatMap(({ pairs }) => pairs.map((each) => each.multiplyAdds)), 0));
  const values = measured.flatMap(({ seed, pairs }) =>
    pairs.map((each) => ({ seed: `seed ${seed}`, ...each, cost: each.multiplyAdds / unit.size })),
  );
  const names = measured.map(({ seed }) => `seed ${seed}`);
  const y = {
    field: 'scratch',
    type: 'quantitative' as const,
    title: 'error from scratch (% of images)',
    scale: { zero: false },
    axis: { tickCount: 6, format: '.4~r' },
  };
  const color = {
    field: 'seed',
    type: 'nominal' as const,
    scale: { domain: names, range: coloursOf(names.length) },
    legend,
  };
  const panel = (title: string, x: { field: string; title: string; scale: object }) => ({
    width: 360,
    height: 320,
    layer: [
      panelTitle(title),
      {
        data: { values },
        mark: { type: 'point' as const, filled: true, size: 36, opacity: 0.8 },
        encoding: { x: { ...x, type: 'quantitative' as const, axis: { grid: true, tickCount: 6 } }, y, color },
      },
    ],
  });
  return {
    hconcat: [
      panel('Against the super network', {
        field: 'superNetwork',
        title: 'super network error (% of images)',
        scale: { zero: false },
      }),
      panel('Against the cost', { field: 'cost', title: unit.axisTitle, scale: { type: 'log' } }),
    ],
    resolve: { legend: { color: 'shared' }, scale: { color: 'shared', y: 'shared' } },
    bounds: 'flush',
    spacing: 80,
  };
}
