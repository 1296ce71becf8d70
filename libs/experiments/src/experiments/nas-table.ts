import { bootstrapPairedDifference, bootstrapStatistic, mean, type Pair, standardDeviation } from '@nss/analysis';
import type { DatasetName, NasResult } from '@nss/contracts';
import { shareNearTarget } from '@nss/cost';
import { formatCost, formatDeviation, formatNumber, formatShare, type NasSource, nasSources } from '@nss/report';
import { formatMultiplyAdds, randomOf } from '@nss/space';
import { type Context, formatTolerance } from '../context.ts';
import type { Experiment, Table } from '../experiment.ts';
import { nasOutcomes } from '../figures/nas-outcomes.ts';
import { type Finding, judge } from '../finding.ts';
import { nas, sourceTitles, trainings } from '../jobs.ts';
import { searchedSpace } from '../network-spaces.ts';
import type { Outcomes } from '../outcomes.ts';

/** NAS on the Elite Space and on the search space (the paper's tables 1 and 2). */
function nasTableOf(name: string, dataset: DatasetName): Experiment {
  return {
    name,
    dataset,
    targets: ({ targets }) => targets,
    jobs: (context) =>
      everySearch(context).flatMap(({ target, seed, source }) => [
        nas(context, target, seed, source),
        ...trainings(context, target, seed, source),
      ]),
    analyse: (context, outcomes) => {
      const runs = everySearch(context).map((run) => runOf(context, outcomes, run));
      return {
        title: 'NAS on Elite Spaces and on the search space',
        table: {
          header: [
            'target_multiply_adds',
            'seed',
            'nas_on',
            'architecture',
            'multiply_adds',
            'deviation',
            'draws',
            'hit_rate',
            'uniform_hit_rate',
            'test_error_mean_percent',
            'test_error_sd_percent',
            'trainings',
          ],
          rows: runs.map(({ target, seed, source, result, uniformHitRate, errors }) => [
            target,
            seed,
            source,
            result?.architectureText,
            result?.multiplyAdds,
            result?.deviation,
            result?.draws,
            result?.hitRate,
            uniformHitRate,
            mean(errors),
            standardDeviation(errors),
            errors.length,
          ]),
        },
        summary: summaryOf(context, runs),
        figure: nasOutcomes(
          [
            {
              title: 'Trained from scratch',
              yTitle: 'test error (% of images)',
              points: pointsOf(runs, ({ errors }) => errors),
            },
            {
              title: 'Distance from the target',
              yTitle: 'deviation of the cost (%)',
              points: pointsOf(runs, ({ result }) => (result ? [100 * result.deviation] : [])),
              band: [-100 * context.settings.nas.tolerance, 100 * context.settings.nas.tolerance],
            },
            {
              title: 'Draws needed',
              yTitle: 'networks drawn',
              points: pointsOf(runs, ({ result }) => (result ? [result.draws] : [])),
              scale: 'log',
            },
            {
              title: 'Hit rate',
              yTitle: 'draws near the target (%)',
              points: pointsOf(runs, ({ result }) => (result ? [100 * result.hitRate] : [])),
              scale: 'from zero',
            },
            {
              title: 'Hit rate without NAS',
              yTitle: 'networks near the target (%)',
              points: pointsOf(runs, ({ uniformHitRate }) =>
                uniformHitRate === undefined ? [] : [100 * uniformHitRate],
              ),
              scale: 'from zero',
            },
          ],
          context.targets,
          nasSources.map((source) => sourceNames[source]),
        ),
        findings: findingsOf(context, runs),
        notes: [
          `On an Elite Space ${context.settings.nas.draws} networks are drawn and the closest to the target is kept; on the search space networks are drawn until one is within ${formatTolerance(context)} of it (grey band), at most ${context.settings.nas.maxDraws}. The hit rate is the share of 1,000 draws within that distance; without NAS it is that of uniform draws from the space, counted over all of its networks where they can be, else from 100,000 draws.`,
          "Of the paper's numbers its abstract's are quoted, not its table's; its targets and its number of draws are used.",
        ],
      };
    },
  };
}

type Run = {
  readonly target: number;
  readonly seed: number;
  readonly source: NasSource;
  readonly result: NasResult | undefined;
  /** Share of the networks of the space that NAS ran on whose cost is near the target; none without a result. */
  readonly uniformHitRate: number | undefined;
  /** Test errors in percent, one a finished training. */
  readonly errors: readonly number[];
};

const everySearch = ({ targets, seeds }: Context) =>
  targets.flatMap((target) => seeds.flatMap((seed) => nasSources.map((source) => ({ target, seed, source }))));

function runOf(
  context: Context,
  outcomes: Outcomes,
  { target, seed, source }: Pick<Run, 'target' | 'seed' | 'source'>,
): Run {
  const errors = trainings(context, target, seed, source).flatMap((node) => {
    const error = outcomes.found(node)?.resource.result?.testErrorPercent;
    return error === undefined ? [] : [error];
  });
  const run = outcomes.found(nas(context, target, seed, source))?.resource;
  const {
    searchSpace,
    nas: { tolerance },
  } = context.settings;
  const uniformHitRate =
    run && shareNearTarget(searchSpace, context.input, searchedSpace(context, run), { target, tolerance });
  return { target, seed, source, result: run?.result, uniformHitRate, errors };
}

const pointsOf = (runs: readonly Run[], valuesOf: (run: Run) => readonly number[]) =>
  runs.flatMap((run) =>
    valuesOf(run).map((value) => ({
      target: run.target,
      source: sourceNames[run.source],
      seed: run.seed,
      value,
    })),
  );

/** The table in the paper's form: means over the seeds. */
function summaryOf({ targets }: Context, runs: readonly Run[]): Table {
  return {
    header: ['target', 'NAS on', 'FLOPs', 'deviation', 'draws', 'hit rate', 'without NAS', 'error (mean ± sd)'],
    rows: targets.flatMap((target) =>
      nasSources.map((source) => {
        const same = runs.filter((run) => run.target === target && run.source === source);
        const results = same.flatMap(({ result }) => result ?? []);
        const errors = same.flatMap((run) => run.errors);
        return [
          formatMultiplyAdds(target),
          sourceNames[source],
          formatCost(mean(results.map(({ multiplyAdds }) => multiplyAdds))),
          formatDeviation(mean(results.map(({ deviation }) => deviation))),
          formatNumber(mean(results.map(({ draws }) => draws)), 1),
          formatShare(mean(results.map(({ hitRate }) => hitRate))),
          formatShare(mean(same.flatMap(({ uniformHitRate }) => uniformHitRate ?? []))),
          `${formatNumber(mean(errors), 2)} ± ${formatNumber(standardDeviation(errors), 2)}`,
        ];
      }),
    ),
  };
}

const sourceNames: Readonly<Record<NasSource, string>> = { elite: 'Elite Space', 'search-space': 'search space' };

function findingsOf(context: Context, runs: readonly Run[]): Finding[] {
  const at = (target: number, seed: number, source: NasSource) =>
    runs.find((run) => run.target === target && run.seed === seed && run.source === source);
  /** Judges what `compare` makes of the two runs of every target and seed, by the seeds. */
  const judged = (
    claim: string,
    what: string,
    unit: string,
    compare: (elite: Run, searchSpace: Run) => Pair | undefined,
    paper?: string,
  ) => {
    const units = context.seeds.map((seed) => ({
      seed,
      pairs: context.targets.flatMap((target): Pair[] => {
        const [elite, searchSpace] = nasSources.map((source) => at(target, seed, source));
        const pair = elite && searchSpace && compare(elite, searchSpace);
        return pair ? [pair] : [];
      }),
    }));
    return judge({
      claim,
      what,
      unit,
      paper,
      estimate: bootstrapPairedDifference(
        units.map(({ pairs }) => pairs),
        { random: randomOf(0, 'reproduce', 'nas-table', claim) },
      ),
      seeds: units.filter(({ pairs }) => pairs.length > 0).map(({ seed }) => seed),
    });
  };
  const uniformHitRateOf = (source: NasSource) =>
    mean(runs.flatMap((run) => (run.source === source ? (run.uniformHitRate ?? []) : [])));
  /** A pair of one number each. */
  const pairOf = (numberOf: (result: NasResult) => number) => (elite: Run, searchSpace: Run) =>
    elite.result && searchSpace.result && { a: [numberOf(searchSpace.result)], b: [numberOf(elite.result)] };
  return [
    judged(
      'Networks that NAS finds on Elite Spaces make fewer errors than those that it finds on the search space',
      'the difference of the mean test errors is',
      'percentage points',
      (elite, searchSpace) =>
        elite.errors.length > 0 && searchSpace.errors.length > 0
          ? { a: searchSpace.errors, b: elite.errors }
          : undefined,
      'on CIFAR-100 an error rate lower by 2.3% on average',
    ),
    drawsSaved(context, at),
    judged(
      `A network drawn by NAS on an Elite Space is more often within ${formatTolerance(context)} of the target than one drawn by NAS on the search space`,
      'the difference of the hit rates is',
      'percentage points',
      (elite, searchSpace) =>
        elite.result &&
        searchSpace.result && { a: [100 * elite.result.hitRate], b: [100 * searchSpace.result.hitRate] },
    ),
    judged(
      `A network drawn uniformly from an Elite Space, without NAS, is more often within ${formatTolerance(context)} of the target than one drawn uniformly from the search space`,
      `${nasSources.map((source) => `${formatShare(uniformHitRateOf(source))} of the networks of ${sourceTitles[source]} are`).join(' and ')}; the difference of the hit rates is`,
      'percentage points',
      (elite, searchSpace) =>
        elite.uniformHitRate === undefined || searchSpace.uniformHitRate === undefined
          ? undefined
          : { a: [100 * elite.uniformHitRate], b: [100 * searchSpace.uniformHitRate] },
    ),
    judged(
      'Networks that NAS finds on Elite Spaces lie closer to the target',
      'the difference of the distances from the target is',
      'percentage points',
      pairOf(({ deviation }) => 100 * Math.abs(deviation)),
      'on CIFAR-100 3.7% closer to the target on average',
    ),
  ];
}

/** What share of the draws on the search space the fixed draws on Elite Spaces save, all targets of a seed together. */
function drawsSaved(
  { targets, seeds, settings }: Context,
  at: (target: number, seed: number, source: NasSource) => Run | undefined,
): Finding {
  const units = seeds.flatMap((seed) => {
    const drawn = targets.flatMap((target) => {
      const [elite, searchSpace] = nasSources.map((source) => at(target, seed, source)?.result?.draws);
      return elite === undefined || searchSpace === undefined ? [] : [{ elite, searchSpace }];
    });
    return drawn.length > 0 ? [{ seed, drawn }] : [];
  });
  const saved = (chosen: readonly (typeof units)[number][]) => {
    const all = chosen.flatMap(({ drawn }) => drawn);
    return 100 * (1 - mean(all.map(({ elite }) => elite)) / mean(all.map(({ searchSpace }) => searchSpace)));
  };
  return judge({
    claim: 'NAS on Elite Spaces needs fewer draws to meet the target',
    what: `with ${settings.nas.draws} draws fixed on Elite Spaces, which makes this partly so by construction, the share of draws saved is`,
    unit: '%',
    digits: 0,
    paper: 'around 90% fewer samples on CIFAR-100, with 5 draws on the Elite Space',
    estimate: bootstrapStatistic(units, saved, { random: randomOf(0, 'reproduce', 'nas-table', 'draws') }),
    seeds: units.map(({ seed }) => seed),
  });
}

export const table1 = nasTableOf('table1', 'cifar10');
export const table2 = nasTableOf('table2', 'cifar100');
