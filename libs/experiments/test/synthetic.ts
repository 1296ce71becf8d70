import assert from 'node:assert/strict';
import { type PresetName, resolveSettings } from '@nss/campaign';
import {
  ARCHITECTURES_FILE,
  CampaignSpec,
  Evaluation,
  fromArchitecture,
  fromNetworkSpace,
  JobState,
  NasRun,
  type NetworkSpace as NetworkSpaceMessage,
  Search,
  SuperNetwork,
  Training,
  Warmup,
  writeArchitectures,
} from '@nss/contracts';
import { architectureCost } from '@nss/cost';
import type { JobKind } from '@nss/job-apis';
import {
  type Architecture,
  drawArchitecture,
  drawNormal,
  formatArchitecture,
  formatSpace,
  randomOf,
  wholeSpace,
} from '@nss/space';
import { type Context, contextOf, type JobNode, Outcomes, scales } from '../src/index.ts';
import { eliteLabel } from '../src/jobs.ts';
import type { Found } from '../src/outcomes.ts';
import { drawSpacesAt } from '../src/random-spaces.ts';

/** A context of the small preset with two targets and three seeds, or of another one. */
export function testContext({
  preset = 'small',
  dataset = 'cifar10',
  targets = [2e6, 8e6],
  seeds = [0, 1, 2],
  overrides = {},
}: {
  preset?: PresetName;
  dataset?: string;
  targets?: number[];
  seeds?: number[];
  overrides?: Record<string, unknown>;
} = {}): Context {
  const spec = CampaignSpec.create({ preset, dataset, targetsMultiplyAdds: targets, seeds, overrides });
  const resolved = resolveSettings(spec);
  assert.ok(!('faults' in resolved), JSON.stringify(resolved));
  return contextOf({ title: `preset ${preset}, ${dataset}`, scale: scales[preset], ...resolved });
}

/** Errors in percentage points that belong to a population, by the beginning of its label; the others have none. */
export type Effects = Readonly<Record<string, number>>;

/**
 * Results as a mesh would leave them, made by formulas: the error falls with the logarithm of the cost, populations differ by
 * `effects`, and whatever is measured has noise that follows from the job's key. Jobs that `omit` names fail.
 */
export function syntheticOutcomes(
  context: Context,
  nodes: readonly JobNode[],
  { effects = {}, omit = () => undefined }: { effects?: Effects; omit?: (node: JobNode) => string | undefined } = {},
): Outcomes {
  const outcomes = new Outcomes();
  for (const node of nodes) {
    const missing = omit(node);
    outcomes.set(node, missing ? { missing } : syntheticResult(context, node, effects));
  }
  return outcomes;
}

type Spec = {
  targetMultiplyAdds: number;
  seed: number;
  space?: unknown;
  architecture: { of?: string; stages?: { depth: number; width: number }[] };
  populations: {
    label: string;
    count: number;
    members?: { $case: string; value: { architectures?: Architecture[] } };
  }[];
};

function syntheticResult(context: Context, node: JobNode, effects: Effects): Found {
  const spec = node.content as Spec;
  const random = randomOf(0, node.title);
  const { searchSpace } = context.settings;
  const { input } = context;
  const status = {
    state: JobState.SUCCEEDED,
    trainerUses: [{ trainer: 'a', engine: 'formulas', startTime: new Date(0), endTime: new Date(10_000) }],
  };
  const named = { name: `jobs/${node.key}`, status };
  const errorAt = (cost: number) => 80 - 4 * Math.log2(cost / 1e5);
  const costOf = (network: Architecture) => architectureCost(searchSpace, input, network);
  const make: Record<JobKind, () => Found> = {
    warmup: () => ({ resource: Warmup.fromPartial(named), artifacts: {} }),
    superNetwork: () => ({ resource: SuperNetwork.fromPartial(named), artifacts: {} }),
    search() {
      const [{ space, meanMultiplyAdds, deviation }] = drawSpacesAt(
        context,
        spec.targetMultiplyAdds,
        100 + spec.seed,
        1,
      );
      const eliteSpaceText = formatSpace(space);
      const certificate = { meanMultiplyAdds, deviation };
      const result = { eliteSpace: fromNetworkSpace(space), eliteSpaceText, certificate };
      return { resource: Search.fromPartial({ ...named, result }), artifacts: { 'trajectory.json': '{}' } };
    },
    evaluation() {
      const rows = spec.populations.flatMap(({ label, count, members }) => {
        const listed = members?.value.architectures;
        const networks =
          listed ?? Array.from({ length: count }, () => drawArchitecture(random, wholeSpace(searchSpace)));
        const effect = Object.entries(effects).find(([beginning]) => label.startsWith(beginning))?.[1] ?? 0;
        return networks.map((network) => {
          const cost = costOf(network);
          const error = listed ? errorAt(cost) : 60 + drawNormal(random);
          const measured = { multiplyAdds: cost, errorPercent: error + effect, loss: 1.5 };
          return { population: label, architecture: formatArchitecture(network), ...measured };
        });
      });
      const populations = spec.populations.map(({ label, members }) => {
        const target = context.targets.find((each) => label === eliteLabel(each));
        if (target === undefined || members?.$case !== 'space') return { label };
        const [{ space }] = drawSpacesAt(context, target, 100 + spec.seed, 1);
        return { label, members: { $case: 'space' as const, value: fromNetworkSpace(space) } };
      });
      const resource = Evaluation.fromPartial({ ...named, spec: { populations } });
      return { resource, artifacts: { [ARCHITECTURES_FILE]: writeArchitectures(rows) } };
    },
    nas() {
      const onElite = spec.space !== undefined && 'of' in (spec.space as object);
      const spread = onElite ? 0.08 : 0.4;
      const drawn = Array.from({ length: 1000 }, () =>
        Math.round(spec.targetMultiplyAdds * (1 + spread * drawNormal(random))),
      );
      const deviation = spread * 0.1;
      const architecture = drawArchitecture(random, wholeSpace(searchSpace));
      const result = {
        architecture: fromArchitecture(architecture),
        architectureText: formatArchitecture(architecture),
        multiplyAdds: spec.targetMultiplyAdds * (1 + deviation),
        deviation,
        draws: onElite ? 5 : 40,
        hitRate:
          drawn.filter((cost) => Math.abs(cost / spec.targetMultiplyAdds - 1) <= context.settings.nas.tolerance)
            .length / 1000,
      };
      const [{ space: elite }] = drawSpacesAt(context, spec.targetMultiplyAdds, 100 + spec.seed, 1);
      const space = onElite ? fromNetworkSpace(elite) : (spec.space as NetworkSpaceMessage | undefined);
      return {
        resource: NasRun.fromPartial({ ...named, spec: { space }, result }),
        artifacts: { 'draws.csv': ['multiply_adds', ...drawn, ''].join('\n') },
      };
    },
    training() {
      const { architecture } = spec;
      const error = architecture.stages
        ? errorAt(costOf(architecture as Architecture)) - 20
        : (node.title.includes('the Elite Space') ? 30 : 33) + 0.3 * drawNormal(random);
      return { resource: Training.fromPartial({ ...named, result: { testErrorPercent: error } }), artifacts: {} };
    },
  };
  return make[node.kind]();
}
