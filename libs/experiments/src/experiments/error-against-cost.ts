import { bootstrapPairedDifference, mean, type Pair } from '@nss/analysis';
import { matchedLabel, searchSpaceLabel } from '@nss/campaign';
import type { DatasetName, MeasuredArchitecture } from '@nss/contracts';
import { spaceCost } from '@nss/cost';
import { formatDeviation, formatPercent, formatShare } from '@nss/report';
import { formatMultiplyAdds, randomOf } from '@nss/space';
import type { Context } from '../context.ts';
import { type Experiment, notQuoted } from '../experiment.ts';
import { errorAgainstCost } from '../figures/error-against-cost.ts';
import { intervalOf, judge, verdictOf } from '../finding.ts';
import { eliteEvaluation, eliteLabel, searchSpaceEvaluation } from '../jobs.ts';
import { errorsOf, networksOf } from '../measured-networks.ts';
import { populationSpace } from '../network-spaces.ts';
import type { Outcomes } from '../outcomes.ts';
import type { Scale } from '../scale.ts';

type About = {
  readonly name: string;
  readonly dataset: DatasetName;
  readonly targets: (scale: Scale) => readonly number[];
};

/** Error against FLOPs of networks of the search space and of Elite Spaces (the paper's figures 3, 4, 9 and 10). */
function errorAgainstCostOf(about: About): Experiment {
  return {
    ...about,
    jobs: (context) =>
      context.seeds.flatMap((seed) => [
        searchSpaceEvaluation(context, seed),
        ...context.targets.map((target) => eliteEvaluation(context, target, seed)),
      ]),
    analyse: (context, outcomes) => {
      const measured = context.seeds.map((seed) => ({
        seed,
        searchSpace: networksOf(outcomes, searchSpaceEvaluation(context, seed), searchSpaceLabel),
        elites: context.targets.map((target) => ({ target, ...networksAt(context, outcomes, target, seed) })),
      }));
      return {
        title: 'Error against FLOPs: networks of Elite Spaces and of the search space',
        table: {
          header: ['seed', 'population', 'target_multiply_adds', 'architecture', 'multiply_adds', 'error_percent'],
          rows: measured.flatMap(({ seed, searchSpace, elites }) =>
            [
              { population: 'search-space', target: undefined, networks: searchSpace },
              ...elites.flatMap(({ target, networks, matched }) => [
                { population: 'elite', target, networks },
                { population: 'same-cost', target, networks: matched },
              ]),
            ].flatMap(({ population, target, networks }) =>
              networks.map(({ architecture, multiplyAdds, errorPercent }) => [
                seed,
                population,
                target,
                architecture,
                multiplyAdds,
                errorPercent,
              ]),
            ),
          ),
        },
        figure: errorAgainstCost(
          measured.map(({ seed, ...panel }) => ({ title: `seed ${seed}`, ...panel })),
          context.targets,
        ),
        summary: {
          header: [
            'target',
            'search space at the same cost',
            'Elite Space',
            'its mean cost, from the target, by seed',
            'difference (95% interval)',
            'fewer errors?',
          ],
          rows: context.targets.map((target) => {
            const finding = advantageAt(context, outcomes, [target]);
            const at = measured.flatMap(({ elites }) => elites.filter((each) => each.target === target));
            const meanError = (networks: readonly MeasuredArchitecture[]) => formatPercent(mean(errorsOf(networks)), 2);
            return [
              formatMultiplyAdds(target),
              meanError(at.flatMap(({ matched }) => matched)),
              meanError(at.flatMap(({ networks }) => networks)),
              at.map(({ deviation }) => formatDeviation(deviation)).join(', '),
              intervalOf(finding),
              verdictOf(finding),
            ];
          }),
        },
        findings: [advantageAt(context, outcomes, context.targets)],
        notes: [
          ...distanceNote(measured),
          'Each seed has a search and a super network of its own; networks are measured as parts of that super network.',
          'The same-cost networks (in the CSV) are drawn from the search space between the 5% and the 95% quantile of the cost of the Elite Space.',
          notQuoted,
        ],
      };
    },
  };
}

/** Whether Elite Spaces make fewer errors than the search space at the same cost, at these targets together. */
function advantageAt(context: Context, outcomes: Outcomes, targets: readonly number[]) {
  const units = context.seeds.map((seed) => ({
    seed,
    pairs: targets.flatMap((target): Pair[] => {
      const { networks, matched } = networksAt(context, outcomes, target, seed);
      return networks.length > 0 && matched.length > 0 ? [{ a: errorsOf(matched), b: errorsOf(networks) }] : [];
    }),
  }));
  const where = targets.length > 1 ? 'at all targets together' : `at ${formatMultiplyAdds(targets[0])}`;
  return judge({
    claim: `Networks of Elite Spaces make fewer errors than networks of the search space that cost the same, ${where}`,
    what: 'the difference of the mean errors is',
    unit: 'percentage points',
    estimate: bootstrapPairedDifference(
      units.map(({ pairs }) => pairs),
      { random: randomOf(0, 'reproduce', 'error-against-cost', ...targets) },
    ),
    seeds: units.filter(({ pairs }) => pairs.length > 0).map(({ seed }) => seed),
  });
}

/** How far from their targets the Elite Spaces are, in a sentence. */
function distanceNote(
  measured: readonly {
    readonly seed: number;
    readonly elites: readonly { readonly target: number; readonly deviation: number | undefined }[];
  }[],
): string[] {
  const distances = measured
    .flatMap(({ seed, elites }) =>
      elites.flatMap(({ target, deviation }) =>
        deviation === undefined ? [] : [{ seed, target, distance: Math.abs(deviation) }],
      ),
    )
    .toSorted((a, b) => b.distance - a.distance);
  if (distances.length === 0) return [];
  const [{ seed, target, distance }] = distances;
  return [
    `The mean costs of the Elite Spaces are ${formatShare(mean(distances.map((each) => each.distance)))} from their targets on average, at most ${formatShare(distance)} (${formatMultiplyAdds(target)}, seed ${seed}).`,
  ];
}

function networksAt(context: Context, outcomes: Outcomes, target: number, seed: number) {
  const { settings, input } = context;
  const evaluation = eliteEvaluation(context, target, seed);
  const label = eliteLabel(target);
  const found = outcomes.found(evaluation);
  const space = found && populationSpace(found.resource, label);
  return {
    /** Of the mean cost of the Elite Space from the target, as a share of it. */
    deviation: space && spaceCost(settings.searchSpace, input, space) / target - 1,
    networks: networksOf(outcomes, evaluation, label),
    matched: networksOf(outcomes, evaluation, matchedLabel(label)),
  };
}

export const figure3 = errorAgainstCostOf({
  name: 'fig3',
  dataset: 'cifar10',
  targets: ({ targets }) => targets,
});
export const figure4 = errorAgainstCostOf({
  name: 'fig4',
  dataset: 'cifar100',
  targets: ({ targets }) => targets,
});
export const figure9 = errorAgainstCostOf({
  name: 'fig9',
  dataset: 'cifar10',
  targets: ({ regimes }) => regimes,
});
export const figure10 = errorAgainstCostOf({
  name: 'fig10',
  dataset: 'cifar100',
  targets: ({ regimes }) => regimes,
});
