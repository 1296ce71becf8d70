import {
  type Budget,
  type CampaignSpec,
  datasetNames,
  type FieldViolation,
  FOLDER,
  type Phase,
  toImageFolder,
} from '@nss/contracts';
import { costRange } from '@nss/cost';
import { formatMultiplyAdds, imageSizes, type SearchSpace, wholeSpace } from '@nss/space';
import { datasetFacts, datasetTitle, inputShapeOf, type NamedDataset } from './dataset-facts.ts';
import { type Fault, faultsOf, formatPath, type Path } from './fault.ts';
import { phaseName, phaseNames, phaseNeeds, phaseOf } from './phases.ts';
import { isPresetName, presetNames, presetOf } from './presets.ts';
import { type Preset, presetSections, type ResolvedSettings } from './schema.ts';
import { oneOf, show, suggest } from './wording.ts';

/** A campaign with nothing left to decide. */
export type ResolvedCampaign = {
  readonly settings: ResolvedSettings;
  /** Multiply-adds, in the order given. */
  readonly targets: readonly number[];
  readonly seeds: readonly number[];
  /** In the order they run. */
  readonly phases: readonly Phase[];
};

/**
 * Settings, targets, seeds and phases of a campaign: its preset with its overrides, checked against its data set and
 * targets. Overrides replace numbers, texts and lists (also `searchSpace.stages`) whole and merge mappings.
 *
 * Else everything that is wrong, at once; `field` is the path below the spec in the contract's names
 * (`targets_multiply_adds[1]`, `overrides.search.theta.lambda`).
 */
export function resolveSettings(spec: CampaignSpec): ResolvedCampaign | { readonly faults: FieldViolation[] } {
  const faults: Fault[] = [];
  const resolved = checkCampaign(spec, faults);
  if (resolved) return resolved;
  return {
    faults: faults.map(({ path, description }) => ({ field: formatPath(path.map(toContractName)), description })),
  };
}

/** The check behind resolveSettings; paths are in the names of a campaign file. Undefined when there are faults. */
export function checkCampaign(spec: CampaignSpec, faults: Fault[]): ResolvedCampaign | undefined {
  const dataset = checkDataset(spec, faults);
  const sections = checkSections(spec.preset, dataset, spec.overrides ?? {}, faults);
  const targets = checkTargets(spec.targetsMultiplyAdds, sections, faults);
  const seeds = checkSeeds(spec.seeds, faults);
  const phases = checkPhases(spec.phases, faults);
  checkBudget(spec.budget, faults);
  checkImages(sections, faults);
  checkWarmupPhase(sections, phases, faults);
  const settings = wholeSettings(sections);
  return faults.length === 0 && settings ? { settings, targets, seeds, phases } : undefined;
}

type Sections = Partial<ResolvedSettings>;

function checkDataset({ dataset, folder }: CampaignSpec, faults: Fault[]): NamedDataset | undefined {
  const violations: FieldViolation[] = [];
  if (dataset === FOLDER) {
    const checked = toImageFolder(folder, 'folder', violations);
    faults.push(...violations.map(({ field, description }) => ({ path: field.split('.'), description })));
    return checked && { name: FOLDER, folder: checked };
  }
  const name = checkName(dataset, datasetNames, ['dataset'], faults);
  return name && { name };
}

/** The sections of the settings that are sound by themselves. */
function checkSections(
  preset: string,
  dataset: NamedDataset | undefined,
  overrides: Record<string, unknown>,
  faults: Fault[],
): Sections {
  const sectionNames = Object.keys(presetSections) as (keyof typeof presetSections)[];
  for (const key of Object.keys(overrides)) {
    if (Object.hasOwn(presetSections, key)) continue;
    const description = `unknown key${suggest(key, sectionNames)}; expected ${oneOf(sectionNames)}`;
    faults.push({ path: ['overrides', key], description });
  }
  if (!isPresetName(preset)) {
    checkName(preset, presetNames, ['preset'], faults);
    return {};
  }
  const base = presetOf(preset);
  const sections: Record<string, unknown> = {};
  for (const name of sectionNames) {
    const preset = name === 'dataset' && dataset?.folder ? fitted(base[name], dataset) : base[name];
    const merged = Object.hasOwn(overrides, name) ? merge(preset, overrides[name]) : preset;
    const checked = presetSections[name].safeParse(merged);
    if (!checked.success) faults.push(...faultsOf(checked.error, ['overrides', name]));
    else if (name !== 'dataset') sections[name] = checked.data;
    else if (dataset) sections[name] = { folder: undefined, ...dataset, ...checked.data };
  }
  return sections as Sections;
}

/** A preset knows the published data sets' sizes, not that of a user's folder: it asks for no more than that has. */
function fitted(preset: Preset['dataset'], dataset: NamedDataset): Preset['dataset'] {
  const there = datasetFacts(dataset);
  return {
    ...preset,
    trainImages: Math.min(preset.trainImages, there.trainImages),
    testImages: Math.min(preset.testImages, there.testImages),
  };
}

/** `over` on `base`: mappings merge, everything else is replaced. */
function merge(base: unknown, over: unknown): unknown {
  if (!isMapping(base) || !isMapping(over)) return over;
  // fromEntries defines keys, so that a key such as __proto__ stays a key, which the strict schema then refuses.
  return Object.fromEntries(
    [...new Set([...Object.keys(base), ...Object.keys(over)])].map((key) => {
      if (!Object.hasOwn(over, key)) return [key, base[key]];
      return [key, Object.hasOwn(base, key) ? merge(base[key], over[key]) : over[key]];
    }),
  );
}

const isMapping = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function checkTargets(targets: readonly number[], sections: Sections, faults: Fault[]): readonly number[] {
  if (targets.length === 0) faults.push({ path: ['targets'], description: 'missing: expected at least one target' });
  checkListLength(targets, ['targets'], faults);
  checkDistinct(targets, ['targets'], formatMultiplyAdds, faults);
  const { dataset, searchSpace } = sections;
  const range = dataset && searchSpace && costRange(searchSpace, inputShapeOf(dataset), wholeSpace(searchSpace));
  targets.forEach((target, i) => {
    const path = ['targets', i];
    if (!(target > 0 && target <= Number.MAX_SAFE_INTEGER)) {
      faults.push({ path, description: `expected a positive cost such as 8MF or 1.6GF, found ${show(target)}` });
    } else if (range && !(target >= range.min && target <= range.max)) {
      faults.push({ path, description: describeUnreachable(target, range) });
    }
  });
  return targets;
}

function describeUnreachable(target: number, range: { min: number; max: number }): string {
  const [min, max] = [formatMultiplyAdds(range.min), formatMultiplyAdds(range.max)];
  const written =
    target < 1e5 ? `${target} multiply-adds (write ${target}MF for millions)` : formatMultiplyAdds(target);
  return `no architecture of this search space costs ${written}; it can meet ${min} to ${max}`;
}

function checkSeeds(seeds: readonly number[], faults: Fault[]): readonly number[] {
  checkListLength(seeds, ['seeds'], faults);
  checkDistinct(seeds, ['seeds'], String, faults);
  seeds.forEach((seed, i) => {
    // Seeds of trainings are up to 1,000 times as large: one for each repeat.
    if (Number.isSafeInteger(seed) && seed >= 0 && seed < 2 ** 43) return;
    faults.push({ path: ['seeds', i], description: `expected a whole number from 0 to 2^43 - 1, found ${show(seed)}` });
  });
  return seeds.length > 0 ? seeds : [0];
}

function checkPhases(phases: readonly Phase[], faults: Fault[]): readonly Phase[] {
  if (phases.length === 0) return phaseNames.map(phaseOf);
  const names = phases.map(phaseName);
  checkDistinct(names, ['phases'], String, faults);
  names.forEach((name, i) => {
    if (!name) {
      faults.push({ path: ['phases', i], description: `expected ${oneOf(phaseNames)}, found ${show(phases[i])}` });
      return;
    }
    const missing = phaseNeeds[name].filter((needed) => !names.includes(needed));
    // A name that is not understood may be the one that is missed.
    if (missing.length === 0 || names.includes(undefined)) return;
    const description = `${name} works on what ${oneOf(missing)} finds: add ${missing.join(', ')} or leave ${name} out`;
    faults.push({ path: ['phases', i], description });
  });
  return phaseNames.filter((name) => names.includes(name)).map(phaseOf);
}

/** A search that does its own warmup does it with one trainer. */
function checkWarmupPhase({ search }: Sections, phases: readonly Phase[], faults: Fault[]): void {
  if (!search?.weights.localSgd || !search.theta.taskLoss) return;
  if (!phases.includes(phaseOf('search')) || phases.includes(phaseOf('warmup'))) return;
  const description = 'only the phase warmup has several trainers: add it or leave localSgd out';
  faults.push({ path: ['overrides', 'search', 'weights', 'localSgd'], description });
}

function checkBudget(budget: Budget | undefined, faults: Fault[]): void {
  for (const key of ['maxWallClockHours', 'maxTrainerHours'] as const) {
    const hours = budget?.[key] ?? 0;
    if (hours >= 0 && Number.isFinite(hours)) continue;
    faults.push({ path: ['budget', key], description: `expected hours, 0 for no limit, found ${show(hours)}` });
  }
}

/** What the settings ask of the data set: images of this size, and enough for every batch. */
function checkImages(sections: Sections, faults: Fault[]): void {
  const { dataset, search, evaluation, nas, training } = sections;
  if (!dataset) return;
  const sizes = dataset.folder ? imageSizes.folder : imageSizes.published;
  if (!sizes.has(dataset.imageSize)) {
    const description = `expected ${sizes.expected}, found ${dataset.imageSize}`;
    faults.push({ path: ['overrides', 'dataset', 'imageSize'], description });
  }
  const published = datasetFacts(dataset);
  for (const key of ['trainImages', 'testImages'] as const) {
    if (dataset[key] <= published[key]) continue;
    const description = `${datasetTitle(dataset)} has ${published[key]}, found ${dataset[key]} (0 means all)`;
    faults.push({ path: ['overrides', 'dataset', key], description });
  }
  const images = Math.min(dataset.trainImages || published.trainImages, published.trainImages);
  const half = Math.floor(images / 2);
  const checkBatch = (section: string, batchSize: number, available: number, what: string) => {
    if (batchSize <= available) return;
    const path = ['overrides', section, 'weights', 'batchSize'];
    faults.push({ path, description: `expected at most the ${available} ${what}, found ${batchSize}` });
  };
  for (const [section, settings] of Object.entries({ search, nas })) {
    if (!settings) continue;
    checkBatch(section, settings.weights.batchSize, half, 'images of one half of the training images');
    checkWarmup(section, settings.weights, half, faults);
  }
  for (const [section, settings] of Object.entries({ evaluation, training })) {
    if (!settings) continue;
    checkBatch(section, settings.weights.batchSize, images, 'training images');
    if (settings.calibrationImages <= images) continue;
    const path = ['overrides', section, 'calibrationImages'];
    const description = `expected at most the ${images} training images, found ${settings.calibrationImages}`;
    faults.push({ path, description });
  }
}

/** A search must have at least one iteration after its warmup, or theta never moves. */
function checkWarmup(section: string, weights: ResolvedSettings['search']['weights'], half: number, faults: Fault[]) {
  const iterations = weights.epochs * Math.floor(half / weights.batchSize);
  if (iterations === 0 || Math.round(weights.warmupFraction * iterations) < iterations) return;
  const path = ['overrides', section, 'weights', 'warmupFraction'];
  const description = `leaves none of the ${iterations} iterations for theta, found ${weights.warmupFraction}`;
  faults.push({ path, description });
}

function checkName<Name extends string>(
  found: string,
  known: readonly Name[],
  path: Path,
  faults: Fault[],
): Name | undefined {
  const name = known.find((candidate) => candidate === found);
  if (!name) {
    const description = found
      ? `expected ${oneOf(known)}, found ${show(found)}${suggest(found, known)}`
      : `missing: expected ${oneOf(known)}`;
    faults.push({ path, description });
  }
  return name;
}

/** A list every entry of which makes jobs stays short enough to look through. */
const maxListLength = 100;

function checkListLength(list: readonly unknown[], path: Path, faults: Fault[]): void {
  if (list.length <= maxListLength) return;
  faults.push({ path, description: `expected at most ${maxListLength} entries, found ${list.length}` });
}

function checkDistinct<T>(list: readonly T[], path: Path, write: (value: T) => string, faults: Fault[]): void {
  const first = new Map<T, number>();
  list.forEach((value, i) => {
    const earlier = first.get(value);
    if (earlier === undefined) first.set(value, i);
    else {
      faults.push({
        path: [...path, i],
        description: `${write(value)} is there already, as ${formatPath([...path, earlier])}`,
      });
    }
  });
}

function wholeSettings(sections: Sections): ResolvedSettings | undefined {
  const { dataset, searchSpace, search, evaluation, nas, training } = sections;
  if (!dataset || !searchSpace || !search || !evaluation || !nas || !training) return undefined;
  return { dataset, searchSpace, search, evaluation, nas, training };
}

/** The contract's names of what a campaign file calls differently. */
const contractNames: Record<string, string> = {
  targets: 'targets_multiply_adds',
  maxWallClockHours: 'max_wall_clock_hours',
  maxTrainerHours: 'max_trainer_hours',
};

const toContractName = (part: string | number) =>
  typeof part === 'string' && Object.hasOwn(contractNames, part) ? contractNames[part] : part;

/** Compile-time proof that a resolved search space is a domain value. */
export type SearchSpaceIsDomain = ResolvedSettings['searchSpace'] extends SearchSpace ? true : never;
