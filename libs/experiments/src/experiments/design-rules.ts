import { bootstrapPairedDifference, mean, type Pair } from '@nss/analysis';
import { searchSpaceLabel } from '@nss/campaign';
import type { MeasuredArchitecture } from '@nss/contracts';
import { formatMultiplyAdds, randomOf } from '@nss/space';
import type { Context } from '../context.ts';
import { type Experiment, notQuoted } from '../experiment.ts';
import { edfPanels } from '../figures/edf-panels.ts';
import { judge } from '../finding.ts';
import {
  eliteEvaluation,
  eliteLabel,
  eliteSpaceOf,
  evaluation,
  meanCostOf,
  type PopulationTemplate,
  search,
  searchSpaceEvaluation,
} from '../jobs.ts';
import { costsOf, errorsOf, networksOf } from '../measured-networks.ts';
import type { Outcomes } from '../outcomes.ts';

/** Errors of networks that keep design rules against those of Elite Spaces (the paper's figure 6). */
export const figure6: Experiment = {
  name: 'fig6',
  dataset: 'cifar10',
  targets: ({ targets }) => targets,
  jobs: (context) =>
    context.seeds.flatMap((seed) => [
      searchSpaceEvaluation(context, seed),
      rulesEvaluation(context, seed),
      windowEvaluation(context, seed),
      eliteWindowEvaluation(context, seed),
      ...context.targets.map((target) => eliteEvaluation(context, target, seed)),
    ]),
  analyse: (context, outcomes) => {
    const sets = context.seeds.map((seed) => ({ seed, ...setsOf(context, outcomes, seed) }));
    const window = windowOf(context);
    const pooled = (which: Which) =>
      setNames.map((name) => ({ name, values: sets.flatMap((each) => errorsOf(each[which][name] ?? [])) }));
    return {
      title: 'Error EDF of design rules and of Elite Spaces',
      table: {
        header: ['seed', 'cost', 'set', 'architecture', 'multiply_adds', 'error_percent'],
        rows: sets.flatMap(({ seed, ...which }) =>
          whiches.flatMap((cost) =>
            setNames.flatMap((name) =>
              (which[cost][name] ?? []).map(({ architecture, multiplyAdds, errorPercent }) => [
                seed,
                cost,
                name,
                architecture,
                multiplyAdds,
                errorPercent,
              ]),
            ),
          ),
        ),
      },
      summary: {
        header: ['cost', 'networks', 'measured', 'mean cost', 'mean error'],
        rows: whiches.flatMap((cost) =>
          setNames.map((name) => {
            const networks = sets.flatMap((each) => each[cost][name] ?? []);
            return [
              cost === 'window' ? window : 'any',
              name,
              networks.length,
              networks.length > 0 ? formatMultiplyAdds(mean(costsOf(networks))) : '',
              networks.length > 0 ? `${mean(errorsOf(networks)).toFixed(2)}%` : '',
            ];
          }),
        ),
      },
      figure: edfPanels(
        [
          { title: `a: networks of ${window}`, sets: pooled('window') },
          { title: 'b: networks of any cost', sets: pooled('any') },
        ],
        { xTitle: 'error (% of images)', yTitle: 'share of networks' },
      ),
      findings: whiches.map((cost) => {
        const units = sets.map(({ seed, ...which }) => {
          const [rule, elite] = [which[cost][bothRules], which[cost][eliteName]];
          const isThere = rule && elite && rule.length > 0 && elite.length > 0;
          return { seed, pairs: isThere ? [{ a: errorsOf(rule), b: errorsOf(elite) }] : ([] as Pair[]) };
        });
        return judge({
          claim: `Networks of Elite Spaces make fewer errors than networks that keep both design rules, d1 <= d2 <= d3 and w1 <= w2 <= w3, ${cost === 'window' ? `among those of ${window}` : 'whatever they cost'}`,
          what: 'the difference of the mean errors is',
          unit: 'percentage points',
          estimate: bootstrapPairedDifference(
            units.map(({ pairs }) => pairs),
            { random: randomOf(0, 'reproduce', 'design-rules', cost) },
          ),
          seeds: units.filter(({ pairs }) => pairs.length > 0).map(({ seed }) => seed),
        });
      }),
      notes: [
        `The Elite Space of ${window} is that of ${formatMultiplyAdds(context.scale.window.target)}; of any cost those of ${context.targets.map(formatMultiplyAdds).join(', ')} together.`,
        'Whatever they cost: networks that keep a rule cost as much as the search space lets them, those of Elite Spaces what their targets say. That comparison is of errors alone, as in the paper; the table has the costs.',
        notQuoted,
      ],
    };
  },
};

type Which = (typeof whiches)[number];
const whiches = ['window', 'any'] as const;

const anyNetwork = 'search space';
const bothRules = 'both rules';
const eliteName = 'Elite Spaces';

const rules: readonly {
  readonly name: string;
  readonly label: string;
  readonly depths: boolean;
  readonly widths: boolean;
}[] = [
  { name: 'd1 <= d2 <= d3', label: 'rule-depths', depths: true, widths: false },
  { name: 'w1 <= w2 <= w3', label: 'rule-widths', depths: false, widths: true },
  { name: bothRules, label: 'rule-both', depths: true, widths: true },
];

const setNames = [eliteName, anyNetwork, ...rules.map(({ name }) => name)];

const rulePopulations = (rest: Omit<PopulationTemplate, 'label' | 'designRule'>): PopulationTemplate[] =>
  rules.map(({ label, depths, widths }) => ({
    label,
    designRule: { nondecreasingDepths: depths, nondecreasingWidths: widths },
    ...rest,
  }));

const rulesEvaluation = (context: Context, seed: number) =>
  evaluation(context, 'design rules', seed, rulePopulations({ meanMultiplyAdds: meanCostOf(context) }));

const windowEvaluation = (context: Context, seed: number) =>
  evaluation(context, `design rules, ${windowOf(context)}`, seed, [
    { label: searchSpaceLabel, ...inWindow(context) },
    ...rulePopulations(inWindow(context)),
  ]);

/** By itself: an Elite Space without any network in the window takes nothing else along. */
function eliteWindowEvaluation(context: Context, seed: number) {
  const { target } = context.scale.window;
  const members = { $case: 'space' as const, value: eliteSpaceOf(search(context, target, seed)) };
  return evaluation(context, `the Elite Space, ${windowOf(context)}`, seed, [
    { label: eliteLabel(target), members, ...inWindow(context) },
  ]);
}

function inWindow({ scale: { window } }: Context) {
  const value = { minMultiplyAdds: window.min, maxMultiplyAdds: window.max };
  return { cost: { $case: 'costRange' as const, value }, meanMultiplyAdds: (window.min + window.max) / 2 };
}

const windowOf = ({ scale: { window } }: Context) =>
  `${formatMultiplyAdds(window.min)} to ${formatMultiplyAdds(window.max)}`;

function setsOf(
  context: Context,
  outcomes: Outcomes,
  seed: number,
): Record<Which, Record<string, MeasuredArchitecture[]>> {
  const window = windowEvaluation(context, seed);
  const ruleSets = (node: typeof window) =>
    Object.fromEntries(rules.map(({ name, label }) => [name, networksOf(outcomes, node, label)]));
  return {
    window: {
      [eliteName]: networksOf(outcomes, eliteWindowEvaluation(context, seed), eliteLabel(context.scale.window.target)),
      [anyNetwork]: networksOf(outcomes, window, searchSpaceLabel),
      ...ruleSets(window),
    },
    any: {
      [eliteName]: context.targets.flatMap((target) =>
        networksOf(outcomes, eliteEvaluation(context, target, seed), eliteLabel(target)),
      ),
      [anyNetwork]: networksOf(outcomes, searchSpaceEvaluation(context, seed), searchSpaceLabel),
      ...ruleSets(rulesEvaluation(context, seed)),
    },
  };
}
