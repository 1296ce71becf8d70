import { createHash } from 'node:crypto';
import { isPresetName, presetOf, resolveSettings } from '@nss/campaign';
import { CampaignSpec, type FieldViolation, Phase } from '@nss/contracts';
import type { NetworkSpace } from '@nss/space';
import { z } from 'zod';
import type { EliteChoice, SpaceSource } from './space-source.ts';

/**
 * The campaign that an experiment with the algorithm "nss" stands on: one search for one target, in the space that the experiment's
 * parameters allow. Its id follows from the experiment's name and from everything that decides its result, so that it is found again, and
 * an experiment that asks for something else under the same name gets another one.
 */
export function ownCampaign(
  experiment: string,
  settings: ReadonlyMap<string, string>,
  { targetMultiplyAdds, seed = 0 }: EliteChoice,
  parameterSpace: NetworkSpace,
  violations: FieldViolation[],
): SpaceSource | undefined {
  const before = violations.length;
  const preset = settings.get('preset') ?? 'small';
  const overrides = toOverrides(settings.get('overrides'), violations);
  const stages = stagesOf(preset, overrides, parameterSpace, violations);
  if (!settings.has('target')) {
    violations.push({ field: 'settings.target', description: 'missing: expected multiply-adds such as 8MF or 1.6GF' });
  }
  if (targetMultiplyAdds === undefined || violations.length > before) return undefined;

  const spec = CampaignSpec.create({
    dataset: settings.get('dataset') ?? 'cifar10',
    preset,
    targetsMultiplyAdds: [targetMultiplyAdds],
    seeds: [seed],
    phases: [Phase.SEARCH],
    overrides: { ...overrides, searchSpace: { ...overrides.searchSpace, stages } },
  });
  const resolved = resolveSettings(spec);
  if ('faults' in resolved) {
    violations.push(...resolved.faults.map((fault) => ({ ...fault, field: `settings.${settingOf(fault.field)}` })));
    return undefined;
  }
  return { kind: 'own-campaign', campaignId: idOf(experiment, spec), spec };
}

/** As far as it is read here; the rest is checked with the campaign. */
const overridesSchema = z.looseObject({
  searchSpace: z.looseObject({ stages: z.array(z.looseObject({})).optional() }).optional(),
});
type Overrides = z.infer<typeof overridesSchema>;

/** The stages of the overrides or the preset with the ranges of the parameters: strides and bins are no platform's parameters. */
function stagesOf(preset: string, { searchSpace }: Overrides, { stages }: NetworkSpace, violations: FieldViolation[]) {
  const given = searchSpace?.stages ?? (isPresetName(preset) ? presetOf(preset).searchSpace.stages : undefined);
  // A preset that is not known is told of when the campaign is checked.
  if (given && given.length !== stages.length) {
    const description = `make ${stages.length} stages, and the search space has ${given.length}: give strides and bins of all in the setting overrides, {"searchSpace": {"stages": [...]}}`;
    violations.push({ field: 'parameters', description });
  }
  return given?.map((stage, i) => ({ ...stage, ...stages[i] }));
}

function toOverrides(text: string | undefined, violations: FieldViolation[]): Overrides {
  try {
    return overridesSchema.parse(JSON.parse(text ?? '{}'));
  } catch {
    const description = `expected JSON such as {"search": {"theta": {"lambda": 2}}}, found ${text}`;
    violations.push({ field: 'settings.overrides', description });
    return {};
  }
}

/** The setting that a field of a CampaignSpec comes from. */
function settingOf(field: string): string {
  return field.replace(/^targets_multiply_adds.*/, 'target').replace(/^seeds.*/, 'seed');
}

function idOf(experiment: string, spec: CampaignSpec): string {
  const hash = createHash('sha256')
    .update(JSON.stringify(CampaignSpec.toJSON(spec)))
    .digest('hex')
    .slice(0, 8);
  const readable = experiment
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 50)
    .replace(/-$/, '');
  return `${readable}-${hash}`;
}
