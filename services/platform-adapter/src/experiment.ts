import { oneOf, parseMultiplyAdds, suggest } from '@nss/campaign';
import type { FieldViolation } from '@nss/contracts';
import { failedPrecondition, ID_RULE, invalidArgument, isResourceId } from '@nss/rpc';
import { containsSpace, formatSpace, type NetworkSpace, parseSpace, SpaceSyntaxError } from '@nss/space';
import { ownCampaign } from './own-campaign.ts';
import { type PlatformParameter, toParameterSpace } from './parameters.ts';
import type { EliteChoice, SpaceSource } from './space-source.ts';

/** Katib's Experiment or Vizier's study, in one form. */
export type Experiment = {
  /** For ids; names of different platforms may be the same. */
  readonly platform: 'katib' | 'vizier';
  readonly name: string;
  readonly algorithm: string;
  readonly settings: ReadonlyMap<string, string>;
  readonly parameters: readonly PlatformParameter[];
};

/** What an experiment that was checked asks for. */
export type Plan = {
  /** What the platform's parameters allow. */
  readonly parameterSpace: NetworkSpace;
  readonly source: SpaceSource;
};

/**
 * The setting with the text form of the space to draw from. Once a space is found it is handed to the platform under this name and
 * comes back with every further request.
 */
export const spaceSetting = 'space';

/** What an experiment asks for. Throws INVALID_ARGUMENT with everything that is wrong. */
export function planOf(experiment: Experiment): Plan {
  const violations: FieldViolation[] = [];
  const parameterSpace = toParameterSpace(experiment.parameters, violations);
  const source = toSource(experiment, parameterSpace, violations);
  if (!parameterSpace || !source || violations.length > 0) throw invalidArgument(violations);
  return { parameterSpace, source };
}

/** Throws FAILED_PRECONDITION when a space that was found reaches out of what the platform's parameters allow. */
export function checkInside({ parameterSpace }: Plan, space: NetworkSpace): void {
  const fault = outsideOf(parameterSpace, space);
  if (fault) throw failedPrecondition(fault, { reason: 'OUTSIDE_OF_PARAMETERS' });
}

function outsideOf(parameterSpace: NetworkSpace, space: NetworkSpace): string | undefined {
  if (containsSpace(parameterSpace, space)) return undefined;
  return `the space ${formatSpace(space)} reaches out of what the parameters allow, ${formatSpace(parameterSpace)}`;
}

/** The algorithms, and the settings that each knows. */
const algorithms: ReadonlyMap<string, readonly string[]> = new Map([
  // Searches the space of the parameters for its Elite Space, then draws from that.
  ['nss', ['dataset', 'preset', 'target', 'seed', 'overrides', spaceSetting]],
  // Draws from a space that was found before.
  ['elite-space', ['campaign', 'target', 'seed', 'search', spaceSetting]],
]);

function toSource(
  { platform, name, algorithm, settings }: Experiment,
  parameterSpace: NetworkSpace | undefined,
  violations: FieldViolation[],
): SpaceSource | undefined {
  const known = algorithms.get(algorithm);
  if (!known) {
    const description = `expected ${oneOf([...algorithms.keys()])}, found "${algorithm}"`;
    violations.push({ field: 'algorithm', description });
    return undefined;
  }
  for (const setting of settings.keys()) {
    if (known.includes(setting)) continue;
    const description = `unknown setting${suggest(setting, known)}; expected ${oneOf(known)}`;
    violations.push({ field: `settings.${setting}`, description });
  }
  const text = settings.get(spaceSetting);
  if (text !== undefined) return toGivenSpace(text, parameterSpace, violations);
  const choice = toEliteChoice(settings, violations);
  if (algorithm === 'elite-space') return toReference(settings, choice, violations);
  return parameterSpace && ownCampaign(`${platform}-${name}`, settings, choice, parameterSpace, violations);
}

function toGivenSpace(
  text: string,
  parameterSpace: NetworkSpace | undefined,
  violations: FieldViolation[],
): SpaceSource | undefined {
  const field = `settings.${spaceSetting}`;
  try {
    const space = parseSpace(text);
    const fault = parameterSpace && outsideOf(parameterSpace, space);
    if (fault) violations.push({ field, description: fault });
    return { kind: 'space', space };
  } catch (error) {
    if (!(error instanceof SpaceSyntaxError)) throw error;
    violations.push({ field, description: error.message });
  }
}

function toReference(
  settings: ReadonlyMap<string, string>,
  choice: EliteChoice,
  violations: FieldViolation[],
): SpaceSource | undefined {
  const given = (['campaign', 'search'] as const).filter((name) => settings.has(name));
  if (given.length !== 1) {
    const description = `expected one of ${spaceSetting}, campaign and search, found ${given.length === 0 ? 'none' : 'two'}`;
    violations.push({ field: 'settings', description });
    return undefined;
  }
  const [kind] = given;
  // Full names are what the mesh prints.
  const id = settings.get(kind)?.replace(/^(campaigns|searches)\//, '') ?? '';
  if (!isResourceId(id)) {
    violations.push({ field: `settings.${kind}`, description: `${ID_RULE}, found "${id}"` });
    return undefined;
  }
  return kind === 'search' ? { kind, searchId: id } : { kind, campaignId: id, choice };
}

function toEliteChoice(settings: ReadonlyMap<string, string>, violations: FieldViolation[]): EliteChoice {
  const read = (name: string, toNumber: (text: string) => number | undefined, expected: string) => {
    const text = settings.get(name);
    if (text === undefined) return undefined;
    const value = toNumber(text);
    if (value === undefined)
      violations.push({ field: `settings.${name}`, description: `${expected}, found "${text}"` });
    return value;
  };
  const toSeed = (text: string) => (/^\d{1,15}$/.test(text) ? Number(text) : undefined);
  return {
    targetMultiplyAdds: read('target', parseMultiplyAdds, 'expected multiply-adds such as 8MF or 1.6GF'),
    seed: read('seed', toSeed, 'expected a whole number of at most 15 digits'),
  };
}
