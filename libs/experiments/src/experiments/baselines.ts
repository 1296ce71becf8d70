import { bootstrapPairedDifference, mean, meanOfGroups, type Pair } from '@nss/analysis';
import { fromNetworkSpace, type MeasuredArchitecture } from '@nss/contracts';
import { formatDeviation } from '@nss/report';
import { formatMultiplyAdds, formatSpace, randomOf, targetLabel } from '@nss/space';
import type { Context } from '../context.ts';
import type { Experiment } from '../experiment.ts';
import { differences } from '../figures/differences.ts';
import { intervalOf, judge, verdictOf } from '../finding.ts';
import { costOnlySearch, eliteEvaluation, eliteLabel, eliteSpaceOf, evaluation, search } from '../jobs.ts';
import { costsOf, errorsOf, networksOf } from '../measured-networks.ts';
import type { Outcomes } from '../outcomes.ts';
import { drawSpacesAt, type RandomSpace } from '../random-spaces.ts';

/**
 * What the search learns beyond meeting the target: its Elite Spaces against spaces that the same search finds without the task loss, and
 * against spaces drawn at random until they meet the target.
 */
export const baselines: Experiment = {
  name: 'baselines',
  dataset: 'cifar10',
  targets: ({ targets }) => targets,
  jobs: (context) =>
    everyPair(context).flatMap(({ target, seed }) => [
      search(context, target, seed),
      costOnlySearch(context, target, seed),
      eliteEvaluation(context, target, seed),
      costOnlyEvaluation(context, target, seed),
      randomEvaluation(context, target, seed),
    ]),
  analyse: (context, outcomes) => {
    const measured = everyPair(context).map((pair) => ({ ...pair, spaces: measuredSpaces(context, outcomes, pair) }));
    const single = context.targets.length > 1 ? context.targets.map((target) => [target]) : [];
    const judged = [context.targets, ...single].flatMap((targets) =>
      rivals.map((rival) => ({ targets, rival, ...compare(context, measured, targets, rival) })),
    );
    return {
      title: 'What the search learns beyond meeting the target',
      table: {
        header: [
          'target_multiply_adds',
          'seed',
          'origin',
          'space',
          'mean_multiply_adds',
          'deviation',
          'networks',
          'networks_mean_multiply_adds',
          'networks_mean_error_percent',
        ],
        rows: measured.flatMap(({ target, seed, spaces }) =>
          spaces.map(({ origin, space, meanMultiplyAdds, networks }) => [
            target,
            seed,
            origin,
            space,
            meanMultiplyAdds,
            meanMultiplyAdds === undefined ? undefined : meanMultiplyAdds / target - 1,
            networks.length,
            mean(costsOf(networks)),
            mean(errorsOf(networks)),
          ]),
        ),
      },
      figure: differences(
        judged.map(({ targets, rival, estimate }) => ({
          row: targetsName(targets),
          series: rival.legend,
          ...estimate,
        })),
        { xTitle: 'errors more than those of the Elite Space (percentage points)' },
      ),
      summary: {
        header: ['target', 'spaces that are', 'cost, to Elite Spaces', 'errors more (95% interval)', 'more errors?'],
        rows: judged.map(({ targets, rival, finding, costDeviation }) => [
          targetsName(targets),
          rival.legend,
          formatDeviation(costDeviation),
          intervalOf(finding),
          verdictOf(finding),
        ]),
      },
      findings: judged.slice(0, rivals.length).map(({ finding }) => finding),
      notes: [
        `Every space is measured by its networks' errors in the super network of the same seed; random spaces, ${randomSpaces} a target and seed, are drawn uniformly from the bins until their mean cost lies within 2% of the target.`,
        'The networks compared differ in mean cost as the table says; no error is corrected for that.',
      ],
    };
  },
};

/** What Elite Spaces are compared with. */
const rivals = [
  {
    origin: 'cost-only',
    legend: 'found without the task loss',
    spaces: 'spaces that the same search finds without the task loss',
  },
  { origin: 'random', legend: 'random, meeting the target', spaces: 'random spaces that meet the target' },
] as const;

/** Random spaces a target and seed. */
const randomSpaces = 3;

const costOnlyLabel = (target: number) => `cost-only-${targetLabel(target)}`;
const randomLabel = (target: number, i: number) => `random-${targetLabel(target)}-${i}`;

function costOnlyEvaluation(context: Context, target: number, seed: number) {
  const space = eliteSpaceOf(costOnlySearch(context, target, seed));
  return evaluation(context, `the space found without task loss, ${formatMultiplyAdds(target)}`, seed, [
    { label: costOnlyLabel(target), members: { $case: 'space', value: space }, meanMultiplyAdds: target },
  ]);
}

/** All random spaces together have as many networks as one other space. */
function randomEvaluation(context: Context, target: number, seed: number) {
  const count = Math.ceil(context.settings.evaluation.architecturesPerSpace / randomSpaces);
  return evaluation(
    context,
    `random spaces, ${formatMultiplyAdds(target)}`,
    seed,
    spacesAt(context, target, seed).map(({ space, meanMultiplyAdds }, i) => ({
      label: randomLabel(target, i),
      members: { $case: 'space', value: fromNetworkSpace(space) },
      count,
      meanMultiplyAdds,
    })),
  );
}

type MeasuredSpace = {
  readonly origin: 'elite' | (typeof rivals)[number]['origin'];
  readonly space?: string;
  readonly meanMultiplyAdds?: number;
  readonly networks: readonly MeasuredArchitecture[];
};

function measuredSpaces(context: Context, outcomes: Outcomes, { target, seed }: TargetAndSeed): MeasuredSpace[] {
  const found = (node: ReturnType<typeof search>) => {
    const result = outcomes.found(node)?.resource.result;
    return { space: result?.eliteSpaceText, meanMultiplyAdds: result?.certificate?.meanMultiplyAdds };
  };
  return [
    {
      origin: 'elite',
      ...found(search(context, target, seed)),
      networks: networksOf(outcomes, eliteEvaluation(context, target, seed), eliteLabel(target)),
    },
    {
      origin: 'cost-only',
      ...found(costOnlySearch(context, target, seed)),
      networks: networksOf(outcomes, costOnlyEvaluation(context, target, seed), costOnlyLabel(target)),
    },
    ...spacesAt(context, target, seed).map(({ space, meanMultiplyAdds }, i) => ({
      origin: 'random' as const,
      space: formatSpace(space),
      meanMultiplyAdds,
      networks: networksOf(outcomes, randomEvaluation(context, target, seed), randomLabel(target, i)),
    })),
  ];
}

const targetsName = (targets: readonly number[]) =>
  targets.length > 1 ? 'all targets' : formatMultiplyAdds(targets[0]);

const spacesAt = (context: Context, target: number, seed: number): RandomSpace[] =>
  drawSpacesAt(context, target, seed, randomSpaces);

/** How many more errors than Elite Spaces a rival makes at these targets together, and how much more its networks cost. */
function compare(
  context: Context,
  measured: readonly (TargetAndSeed & { readonly spaces: readonly MeasuredSpace[] })[],
  targets: readonly number[],
  rival: (typeof rivals)[number],
) {
  const units = context.seeds.map((seed) => ({
    seed,
    pairs: measured
      .filter((pair) => pair.seed === seed && targets.includes(pair.target))
      .map(({ spaces }) => ({ a: measuredOf(spaces, rival.origin), b: measuredOf(spaces, 'elite') }))
      .filter(({ a, b }) => a.length > 0 && b.length > 0),
  }));
  const pairsOf = (valuesOf: typeof errorsOf, { pairs }: (typeof units)[number]): Pair[] =>
    pairs.map(({ a, b }) => ({ a: a.map(valuesOf), b: b.map(valuesOf) }));
  const estimate = bootstrapPairedDifference(
    units.map((unit) => pairsOf(errorsOf, unit)),
    { random: randomOf(0, 'reproduce', 'baselines', rival.origin, ...targets) },
  );
  const costs = units.flatMap((unit) => pairsOf(costsOf, unit));
  const where = targets.length > 1 ? 'at all targets together' : `at ${formatMultiplyAdds(targets[0])}`;
  const finding = judge({
    claim: `Networks of Elite Spaces make fewer errors than networks of ${rival.spaces}, ${where}`,
    what: 'the difference of the mean errors is',
    unit: 'percentage points',
    estimate,
    seeds: units.filter(({ pairs }) => pairs.length > 0).map(({ seed }) => seed),
  });
  return { estimate, finding, costDeviation: mean(costs.map(({ a, b }) => meanOfGroups(a) / meanOfGroups(b) - 1)) };
}

/** The networks of each space of an origin that were measured. */
const measuredOf = (spaces: readonly MeasuredSpace[], origin: MeasuredSpace['origin']) =>
  spaces.filter((each) => each.origin === origin && each.networks.length > 0).map(({ networks }) => networks);

type TargetAndSeed = { readonly target: number; readonly seed: number };

const everyPair = ({ targets, seeds }: Context): TargetAndSeed[] =>
  targets.flatMap((target) => seeds.map((seed) => ({ target, seed })));
