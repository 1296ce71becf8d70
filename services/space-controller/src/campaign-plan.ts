import { createHash } from 'node:crypto';
import { type PhaseName, phaseName, type ResolvedCampaign } from '@nss/campaign';
import { type NasSource, nasSources } from '@nss/report';
import { targetLabel } from '@nss/space';

/** A job that a campaign will create. `needs` are the ids of the jobs whose results its spec is made from. */
export type PlannedJob = { readonly id: string; readonly seed: number; readonly needs: readonly string[] } & (
  | { readonly kind: 'warmup' }
  | { readonly kind: 'search'; readonly target: number }
  | { readonly kind: 'superNetwork' }
  /** Of the Elite Space of a target; without one, of the whole search space. */
  | { readonly kind: 'evaluation'; readonly target?: number }
  | { readonly kind: 'nas'; readonly target: number; readonly source: NasSource }
  | { readonly kind: 'training'; readonly target: number; readonly source: NasSource; readonly repeat: number }
);

/** What a plan is made from. */
export type Plannable = {
  readonly campaignId: string;
  readonly targets: readonly number[];
  readonly seeds: readonly number[];
  readonly phases: readonly PhaseName[];
  /** Whether searches look at images; those that do not start from no warmup. */
  readonly taskLoss: boolean;
  /** Trainings from scratch of every architecture found. */
  readonly repeats: number;
};

/**
 * All jobs of a campaign, in the order in which they are worth starting: a warmup a seed, shared by its targets; the stand-alone
 * super network, which takes longest and needs nothing; a search a target and seed; an evaluation of each Elite Space and one of the
 * search space; two architecture searches a target and seed; their trainings. Trainers take jobs in the order in which they ask. The
 * plan depends on nothing but the spec, and ids are made from the campaign's, so a controller that takes a campaign over finds what
 * was done before.
 */
export function planCampaign({ campaignId, targets, seeds, phases, taskLoss, repeats }: Plannable): PlannedJob[] {
  const asked = (phase: PhaseName) => phases.includes(phase);
  const idOf = (...parts: (string | number)[]) => jobId(campaignId, parts.join('-'));
  const pairs = seeds.flatMap((seed) => targets.map((target) => ({ seed, target, label: idLabel(target) })));
  const searches = asked('search') ? pairs : [];
  const plan: PlannedJob[] = [];
  const warmedUp = asked('warmup') && taskLoss;
  if (warmedUp) {
    for (const seed of seeds) plan.push({ kind: 'warmup', id: idOf('warmup', `s${seed}`), seed, needs: [] });
  }
  const superNetwork = idOf('super-network');
  if (asked('evaluation')) plan.push({ kind: 'superNetwork', id: superNetwork, seed: seeds[0], needs: [] });
  for (const { seed, target, label } of searches) {
    const needs = warmedUp ? [idOf('warmup', `s${seed}`)] : [];
    plan.push({ kind: 'search', id: idOf('search', label, `s${seed}`), seed, target, needs });
  }
  if (asked('evaluation')) {
    for (const { seed, target, label } of searches) {
      const needs = [superNetwork, idOf('search', label, `s${seed}`)];
      plan.push({ kind: 'evaluation', id: idOf('evaluation', label, `s${seed}`), seed, target, needs });
    }
    plan.push({ kind: 'evaluation', id: idOf('evaluation', 'search-space'), seed: seeds[0], needs: [superNetwork] });
  }
  const found = pairs.flatMap((pair) => nasSources.map((source) => ({ ...pair, source })));
  for (const { seed, target, label, source } of asked('nas') ? found : []) {
    const needs = [idOf('search', label, `s${seed}`)];
    plan.push({ kind: 'nas', id: idOf('nas', label, `s${seed}`, shortSource[source]), seed, target, source, needs });
  }
  for (const { seed, target, label, source } of asked('training') ? found : []) {
    const needs = [idOf('nas', label, `s${seed}`, shortSource[source])];
    for (let repeat = 0; repeat < repeats; repeat++) {
      const id = idOf('training', label, `s${seed}`, shortSource[source], `r${repeat}`);
      plan.push({ kind: 'training', id, seed, target, source, repeat, needs });
    }
  }
  return plan;
}

/** The jobs of a campaign. */
export function planOf(campaignId: string, resolved: ResolvedCampaign): PlannedJob[] {
  const { targets, seeds, settings } = resolved;
  const { taskLoss } = settings.search.theta;
  const { repeats } = settings.training;
  return planCampaign({ campaignId, targets, seeds, phases: phasesOf(resolved), taskLoss, repeats });
}

/** The phases of a campaign by name, in the order they run. */
export const phasesOf = ({ phases }: ResolvedCampaign): PhaseName[] =>
  phases.flatMap((phase) => phaseName(phase) ?? []);

/** Label of an Elite Space as a population that is evaluated: the target, and the seed where there are several. */
export function spaceLabel(target: number, seed: number, seeds: readonly number[]): string {
  return seeds.length > 1 ? `${targetLabel(target)}-s${seed}` : targetLabel(target);
}

const shortSource = { elite: 'elite', 'search-space': 'base' } as const;

/** Ids allow no dot. */
const idLabel = (target: number) => targetLabel(target).replaceAll('.', '-').replaceAll('+', '');

const longestId = 63;

/** `<campaign>-<suffix>`; a campaign id too long for that is cut and told apart by a hash. */
function jobId(campaignId: string, suffix: string): string {
  const id = `${campaignId}-${suffix}`;
  if (id.length <= longestId) return id;
  const hash = createHash('sha256').update(campaignId).digest('hex').slice(0, 8);
  return `${campaignId.slice(0, longestId - suffix.length - hash.length - 2)}-${hash}-${suffix}`;
}
