import { jobSpecs, matchedLabel, searchSpaceLabel, trainingSeed } from '@nss/campaign';
import {
  type Architecture,
  type EvaluationSpec,
  fromNetworkSpace,
  type NetworkSpace as NetworkSpaceMessage,
  type Population,
} from '@nss/contracts';
import type { NasSource } from '@nss/report';
import { formatMultiplyAdds, formatSpace, type NetworkSpace, targetLabel, wholeSpace } from '@nss/space';
import type { Context } from './context.ts';
import { type JobNode, jobNode, type Reference, referTo, type Template } from './job-node.ts';
import {
  type Costs,
  costsOf,
  evaluationWork,
  nasWork,
  searchWork,
  superNetworkWork,
  trainingWork,
  warmupWork,
} from './work.ts';

/*
 * The jobs that experiments are made of. Whoever asks twice for the same job gets the same node twice: a search of figure 3 is
 * that of table 1.
 */

export function warmup(context: Context, seed: number): JobNode<'warmup'> {
  const spec = { ...jobSpecs.warmup(context.settings), seed };
  return jobNode('warmup', `warmup, seed ${seed}`, warmupWork(context), spec);
}

/** A search for an Elite Space. */
export function search(context: Context, target: number, seed: number): JobNode<'search'> {
  return searchNode(context, target, seed, 'search');
}

/** The same search without the task loss: only the cost moves theta, and nothing is trained. */
export function costOnlySearch(context: Context, target: number, seed: number): JobNode<'search'> {
  const { search } = context.settings;
  const settings = { ...context.settings, search: { ...search, theta: { ...search.theta, taskLoss: false } } };
  return searchNode({ ...context, settings }, target, seed, 'search without task loss');
}

function searchNode(context: Context, target: number, seed: number, what: string): JobNode<'search'> {
  const { taskLoss } = context.settings.search.theta;
  return jobNode('search', titleOf(what, target, seed), searchWork(context, target), {
    ...jobSpecs.search(context.settings),
    targetMultiplyAdds: target,
    seed,
    warmup: taskLoss ? nameOf(warmup(context, seed)) : '',
  });
}

/** The space that a search finds. */
export function eliteSpaceOf(node: JobNode<'search'>): Reference<NetworkSpaceMessage> {
  return referTo(node, 'eliteSpace', ({ name, result }) => present(result?.eliteSpace, name));
}

/** The stand-alone super network that populations are measured with. */
export function superNetwork(context: Context, seed: number): JobNode<'superNetwork'> {
  const spec = { ...jobSpecs.superNetwork(context.settings), seed };
  return jobNode('superNetwork', `super network, seed ${seed}`, superNetworkWork(context), spec);
}

/** A population to measure, with what it costs on average, about. As many networks as the preset says are drawn unless told. */
export type PopulationTemplate = {
  readonly label: string;
  readonly members?: Template<NonNullable<Population['members']>>;
  readonly cost?: Population['cost'];
  readonly designRule?: Population['designRule'];
  readonly count?: number;
  readonly meanMultiplyAdds: number;
};

/** Measures populations with the super network of the same seed. */
export function evaluation(
  context: Context,
  what: string,
  seed: number,
  populations: readonly PopulationTemplate[],
): JobNode<'evaluation'> {
  const { architecturesPerSpace } = context.settings.evaluation;
  const counted = populations.map((each) => ({ ...each, count: each.count ?? architecturesPerSpace }));
  const work = counted.reduce((sum, each) => sum + evaluationWork(context, each.count, each.meanMultiplyAdds), 0);
  return evaluationNode(
    context,
    what,
    seed,
    work,
    counted.map(({ label, members, cost, designRule, count }) => ({ label, members, count, cost, designRule })),
  );
}

/** Label of the networks of an Elite Space. */
export const eliteLabel = (target: number) => `elite-${targetLabel(target)}`;

/** Networks of an Elite Space, and as many of the search space of the same cost. */
export function eliteEvaluation(context: Context, target: number, seed: number): JobNode<'evaluation'> {
  const label = eliteLabel(target);
  return evaluation(context, `the Elite Space, ${formatMultiplyAdds(target)}`, seed, [
    {
      label,
      members: { $case: 'space', value: eliteSpaceOf(search(context, target, seed)) },
      meanMultiplyAdds: target,
    },
    { label: matchedLabel(label), cost: { $case: 'matchedTo', value: label }, meanMultiplyAdds: target },
  ]);
}

/** Networks of the search space, whatever they cost. */
export function searchSpaceEvaluation(context: Context, seed: number): JobNode<'evaluation'> {
  return evaluation(context, 'the search space', seed, [
    { label: searchSpaceLabel, meanMultiplyAdds: meanCostOf(context) },
  ]);
}

/** Measures these very networks. */
export function listEvaluation(
  context: Context,
  what: string,
  seed: number,
  label: string,
  architectures: readonly Architecture[],
): JobNode<'evaluation'> {
  const work = evaluationWork(context, architectures.length, meanCostOf(context));
  const members = { $case: 'architectures' as const, value: { architectures: [...architectures] } };
  return evaluationNode(context, what, seed, work, [
    { label, members, count: 0, cost: undefined, designRule: undefined },
  ]);
}

function evaluationNode(
  context: Context,
  what: string,
  seed: number,
  work: number,
  populations: Template<EvaluationSpec['populations']>,
): JobNode<'evaluation'> {
  return jobNode('evaluation', `evaluation of ${what}, seed ${seed}`, work, {
    ...jobSpecs.evaluation(context.settings),
    superNetwork: nameOf(superNetwork(context, seed)),
    seed,
    populations,
  });
}

/** An architecture search inside the Elite Space, or on the whole search space. */
export function nas(context: Context, target: number, seed: number, source: NasSource): JobNode<'nas'> {
  const title = titleOf(`NAS on ${sourceTitles[source]}`, target, seed);
  if (source === 'search-space') {
    return nasNode(context, title, target, seed, undefined, costsOf(context, wholeOf(context)));
  }
  // How large the Elite Space will be is not known before; its networks cost about the target.
  const space = eliteSpaceOf(search(context, target, seed));
  return nasNode(context, title, target, seed, space, { mean: target, largest: 1.5 * target });
}

/** An architecture search inside a space that is given. */
export function nasInside(context: Context, target: number, seed: number, space: NetworkSpace): JobNode<'nas'> {
  const title = titleOf(`NAS on ${formatSpace(space)}`, target, seed);
  return nasNode(context, title, target, seed, fromNetworkSpace(space), costsOf(context, space));
}

export const sourceTitles: Readonly<Record<NasSource, string>> = {
  elite: 'the Elite Space',
  'search-space': 'the search space',
};

function nasNode(
  context: Context,
  title: string,
  target: number,
  seed: number,
  space: Template<NetworkSpaceMessage> | undefined,
  costs: Costs,
): JobNode<'nas'> {
  return jobNode('nas', title, nasWork(context, costs, target), {
    ...jobSpecs.nas(context.settings),
    space,
    targetMultiplyAdds: target,
    seed,
  });
}

/** The trainings from scratch of the architecture that a NAS run finds. */
export function trainings(context: Context, target: number, seed: number, source: NasSource): JobNode<'training'>[] {
  const { repeats } = context.settings.training;
  const found = nas(context, target, seed, source);
  const architecture = referTo(found, 'architecture', ({ name, result }) => present(result?.architecture, name));
  return Array.from({ length: repeats }, (_, repeat) =>
    training(context, `${titleOf(`training of NAS on ${sourceTitles[source]}`, target, seed)}, repeat ${repeat}`, {
      architecture,
      seed: trainingSeed(context.settings, seed, repeat),
      multiplyAdds: target,
    }),
  );
}

/** A training from scratch of an architecture that costs `multiplyAdds`, about. */
export function training(
  context: Context,
  title: string,
  what: {
    readonly architecture: Template<Architecture>;
    readonly seed: number;
    readonly multiplyAdds: number;
  },
): JobNode<'training'> {
  const { settings, ...spec } = jobSpecs.training(context.settings);
  return jobNode('training', title, trainingWork(context, what.multiplyAdds), {
    ...spec,
    // Each repeat is a job of its own, known by its seed.
    settings: { ...settings, repeats: 1 },
    architecture: what.architecture,
    seed: what.seed,
  });
}

const nameOf = (node: JobNode<'warmup'> | JobNode<'superNetwork'>) =>
  referTo(node as JobNode<'warmup'>, 'name', ({ name }) => name);

/** Mean cost of the networks of the whole search space. */
export const meanCostOf = (context: Context): number => costsOf(context, wholeOf(context)).mean;

const wholeOf = ({ settings }: Context) => wholeSpace(settings.searchSpace);

const titleOf = (what: string, target: number, seed: number) => `${what}, ${formatMultiplyAdds(target)}, seed ${seed}`;

/** Messages leave everything optional; a job that has succeeded has its result. */
function present<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new Error(`${name} has succeeded but its result is incomplete`);
  return value;
}
