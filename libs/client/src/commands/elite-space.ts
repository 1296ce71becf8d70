import { inputShapeOf, parseMultiplyAdds } from '@nss/campaign';
import { type Campaign, type EliteSpace, toDatasetSpec, toNetworkSpace, toSearchSpace } from '@nss/contracts';
import { formatMultiplyAdds, type InputShape, type NetworkSpace, type SearchSpace } from '@nss/space';
import { CommandError, UsageError } from '../cli/context.ts';

/** Which of a campaign's Elite Spaces is meant. */
export type EliteOptions = { readonly target?: string; readonly seed?: number };

/** An Elite Space and what it was searched in. */
export type FoundElite = {
  readonly elite: EliteSpace;
  readonly space: NetworkSpace;
  readonly searchSpace: SearchSpace;
  readonly input: InputShape;
};

/**
 * The Elite Space of a campaign for a target (may be left out where there is one target) and a seed (default: the first). Throws
 * UsageError when the campaign has none or several of them.
 */
export function eliteSpaceOf(campaign: Campaign, { target, seed }: EliteOptions): FoundElite {
  const { name, eliteSpaces } = campaign;
  if (eliteSpaces.length === 0) {
    throw new CommandError(`${name} has no Elite Space yet`, { hint: 'Watch it with: nss campaign watch' });
  }
  const cost = target === undefined ? undefined : parseMultiplyAdds(target);
  if (target !== undefined && cost === undefined) {
    throw new UsageError(`"${target}" is no cost: expected multiply-adds such as 8MF, 600MF or 1.6GF`);
  }
  const fitting = eliteSpaces.filter(
    (elite) => (cost === undefined || elite.targetMultiplyAdds === cost) && (seed === undefined || elite.seed === seed),
  );
  const targets = [...new Set(fitting.map(({ targetMultiplyAdds }) => targetMultiplyAdds))];
  if (targets.length !== 1) {
    const there = eliteSpaces.map((elite) => `${formatMultiplyAdds(elite.targetMultiplyAdds)} (seed ${elite.seed})`);
    const what = targets.length === 0 ? 'no such Elite Space' : 'several Elite Spaces';
    throw new UsageError(`${name} has ${what}; choose one by --target and --seed: ${there.join(', ')}`);
  }
  return { elite: fitting[0], ...domainOf(campaign, fitting[0]) };
}

function domainOf({ name, settings }: Campaign, elite: EliteSpace) {
  const violations: Parameters<typeof toSearchSpace>[2] = [];
  const searchSpace = toSearchSpace(settings?.searchSpace, 'settings.search_space', violations);
  const dataset = toDatasetSpec(settings?.dataset, 'settings.dataset', violations);
  const space = toNetworkSpace(elite.space, 'elite_spaces.space', violations, searchSpace);
  if (!searchSpace || !dataset || !space) {
    const faults = violations.map(({ field, description }) => `${field}: ${description}`);
    throw new CommandError(`${name} came incomplete: ${faults.join('; ')}`);
  }
  return { space, searchSpace, input: inputShapeOf(dataset) };
}
