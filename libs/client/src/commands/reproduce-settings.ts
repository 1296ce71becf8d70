import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import {
  isPresetName,
  oneOf,
  type PresetName,
  parseMultiplyAdds,
  presetNames,
  resolveSettings,
  suggest,
} from '@nss/campaign';
import { CampaignSpec } from '@nss/contracts';
import {
  contextOf,
  type Experiment,
  type Context as ExperimentContext,
  experiments,
  experimentsNamed,
  scales,
} from '@nss/experiments';
import { formatMultiplyAdds } from '@nss/space';
import { type Context, UsageError } from '../cli/context.ts';
import { readCampaignFile } from './campaign.ts';
import { datasetNameOf } from './campaign-view.ts';
import type { MeshOptions } from './mesh-connection.ts';

/** With what experiments are done. */
export type ReproduceSettings = {
  /** A preset's name, or a campaign file. */
  readonly preset: string;
  readonly dataset?: string;
  readonly targets?: string;
  readonly seeds?: string;
  readonly architectures?: number;
};

/** The name of a setting, for folders, and what it makes of an experiment. */
export type Setting = { readonly name: string; contextOf(experiment: Experiment): ExperimentContext };

/** The experiments of these names, in the order of the paper. Throws UsageError for a name of none. */
export function experimentsAsked(names: readonly string[]): Experiment[] {
  const asked = new Set(names.flatMap((name) => experimentsNamed(name) ?? throwUnknown(name)));
  return experiments.filter((experiment) => asked.has(experiment));
}

function throwUnknown(name: string): never {
  const known = [...experiments.map((experiment) => experiment.name), 'all'];
  throw new UsageError(`there is no experiment "${name}"${suggest(name, known)}; use ${oneOf(known)}`);
}

/** What the options say: of the preset or campaign file, then of the options beside it. Throws UsageError. */
export async function readSetting(options: ReproduceSettings, context: Context): Promise<Setting> {
  const base = await readBase(options.preset, context);
  const targets = options.targets === undefined ? base.spec.targetsMultiplyAdds : readTargets(options.targets);
  const seeds = options.seeds === undefined ? base.spec.seeds : readSeeds(options.seeds);
  const overrides = withArchitectures(base.spec.overrides ?? {}, options.architectures);
  return {
    name: base.name,
    contextOf(experiment) {
      const scale = scales[base.preset];
      const images = options.dataset
        ? { dataset: options.dataset, folder: undefined }
        : { dataset: base.spec.dataset || experiment.dataset, folder: base.spec.folder };
      const spec = CampaignSpec.create({
        ...images,
        preset: base.preset,
        targetsMultiplyAdds: [...(targets.length > 0 ? targets : experiment.targets(scale))],
        seeds: [...(seeds.length > 0 ? seeds : defaultSeeds)],
        overrides,
      });
      const resolved = resolveSettings(spec);
      if ('faults' in resolved) {
        throw cannotDo(
          experiment,
          resolved.faults.map(({ field, description }) => `${field}: ${description}`),
        );
      }
      if (experiment.singleTarget && resolved.targets.length > 1) {
        const found = resolved.targets.map(formatMultiplyAdds).join(', ');
        throw cannotDo(experiment, [
          `targets: expected one, found ${found}; run it by itself, with --targets and one of them`,
        ]);
      }
      return contextOf({ title: `${base.title}, ${datasetNameOf(spec)}`, scale, ...resolved });
    },
  };
}

const cannotDo = ({ name }: Experiment, faults: readonly string[]) =>
  new UsageError([`${name} cannot be done with this:`, ...faults.map((fault) => `  ${fault}`)].join('\n'));

/** A claim needs three. */
const defaultSeeds = [0, 1, 2];

type Base = { readonly name: string; readonly title: string; readonly preset: PresetName; readonly spec: CampaignSpec };

async function readBase(preset: string, context: Context): Promise<Base> {
  if (isPresetName(preset)) return { name: preset, title: `preset ${preset}`, preset, spec: CampaignSpec.create() };
  if (!existsSync(resolve(context.cwd, preset))) {
    const hint = suggest(preset, presetNames);
    throw new UsageError(`there is no preset "${preset}"${hint}, nor such a campaign file; use ${oneOf(presetNames)}`);
  }
  const { campaignId, spec } = await readCampaignFile(preset, context);
  // A campaign file that was read names a preset that there is.
  return { name: campaignId, title: `campaign ${campaignId}`, preset: spec.preset as PresetName, spec };
}

function readTargets(text: string): number[] {
  return text.split(',').map((each) => {
    const cost = parseMultiplyAdds(each);
    if (cost === undefined) {
      throw new UsageError(`"${each}" is no cost: expected multiply-adds such as 8MF, 600MF or 1.6GF`);
    }
    return cost;
  });
}

function readSeeds(text: string): number[] {
  return text.split(',').map((each) => {
    if (!/^\d+$/.test(each.trim())) throw new UsageError(`"${each}" is no seed: expected whole numbers such as 0,1,2`);
    return Number(each);
  });
}

function withArchitectures(overrides: Record<string, unknown>, architecturesPerSpace: number | undefined) {
  if (architecturesPerSpace === undefined) return overrides;
  return { ...overrides, evaluation: { ...(overrides.evaluation as object | undefined), architecturesPerSpace } };
}

/** The command line that goes on with this. */
export function commandOf(
  names: readonly string[],
  options: ReproduceSettings & MeshOptions & { readonly out: string },
): string {
  const { preset, dataset, targets, seeds, architectures, trainers, out, address, stateDir } = options;
  const given = {
    preset,
    dataset,
    targets,
    seeds,
    architectures,
    trainers,
    out: out === defaultOut ? undefined : out,
    address,
    'state-dir': stateDir,
  };
  const flags = Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [`--${name} ${value}`]));
  return ['nss reproduce', ...names, ...flags].join(' ');
}

const defaultOut = 'runs/reproduce';
