import {
  type Architecture,
  type BlockType,
  blockTypes,
  type InputShape,
  imageSizes,
  type NetworkSpace,
  type Range,
  type SearchSpace,
  type StageArchitecture,
  type StageRanges,
  type StageSpace,
} from '@nss/space';
import type * as message from './gen/nss/v1/space.ts';

/**
 * What is wrong with one field of a message, in the form of google.rpc.BadRequest.FieldViolation: the field's path in
 * proto names (`search_space.stages[1].width_bin_size`), and what was expected and found.
 */
export type FieldViolation = { field: string; description: string };

/**
 * What the system accepts. Within these every cost is a whole number below 2^53, so that a double holds it exactly:
 * 8 stages of 64 blocks of 4096 channels on 224 x 224 pixels are 7.8e15 multiply-adds.
 */
export const domainLimits = {
  stages: 8,
  depth: 64,
  width: 4096,
  stride: 8,
  imageSide: 224,
  channels: 64,
  classes: 100_000,
  images: 10_000_000,
  /** Labels are bytes. */
  folderClasses: 256,
} as const;

export const datasetNames = ['fashion-mnist', 'cifar10', 'cifar100'] as const;
export type DatasetName = (typeof datasetNames)[number];

/** Name of data sets that are folders of the user's own images. */
export const FOLDER = 'folder';

/** Which images a job works on, checked; `trainImages` and `testImages` of 0 mean all. */
export type CheckedDatasetSpec = {
  readonly name: DatasetName | typeof FOLDER;
  readonly imageSize: number;
  readonly trainImages: number;
  readonly testImages: number;
  /** With the name "folder", and only then. */
  readonly folder: message.ImageFolder | undefined;
};

/*
 * Each function below turns a message into a domain value. What is wrong is pushed to `violations`, everything at once;
 * then the result is undefined. `path` is the message's own path, for example `spec.search_space`.
 */

export function toSearchSpace(
  found: message.SearchSpace | undefined,
  path: string,
  violations: FieldViolation[],
): SearchSpace | undefined {
  if (!found) return missing(path, 'a search space', violations);
  const stemWidth = toInteger(found.stemWidth, 1, domainLimits.width, `${path}.stem_width`, violations);
  const stages = toStages(found.stages, undefined, `${path}.stages`, violations, toStageSpace);
  // Records from before there were types of blocks have none, and mean what a record of today without one means.
  const block = found.block === undefined ? {} : toBlock(found.block, `${path}.block`, violations);
  return stemWidth !== undefined && stages && block ? { ...block, stemWidth, stages } : undefined;
}

/** A space; when `within` is given it must lie inside that search space, with as many stages. */
export function toNetworkSpace(
  found: message.NetworkSpace | undefined,
  path: string,
  violations: FieldViolation[],
  within?: SearchSpace,
): NetworkSpace | undefined {
  if (!found) return missing(path, 'a network space', violations);
  const stages = toStages(found.stages, within, `${path}.stages`, violations, toStageRanges);
  return stages && { stages };
}

/** An architecture; when `within` is given it must lie inside that space, with as many stages. */
export function toArchitecture(
  found: message.Architecture | undefined,
  path: string,
  violations: FieldViolation[],
  within?: NetworkSpace | SearchSpace,
): Architecture | undefined {
  if (!found) return missing(path, 'an architecture', violations);
  const stages = toStages(found.stages, within, `${path}.stages`, violations, toStageArchitecture);
  return stages && { stages };
}

export function toInputShape(
  found: message.InputShape | undefined,
  path: string,
  violations: FieldViolation[],
): InputShape | undefined {
  if (!found) return missing(path, 'an input shape', violations);
  const height = toInteger(found.height, 1, domainLimits.imageSide, `${path}.height`, violations);
  const width = toInteger(found.width, 1, domainLimits.imageSide, `${path}.width`, violations);
  const channels = toInteger(found.channels, 1, domainLimits.channels, `${path}.channels`, violations);
  const classes = toInteger(found.classes, 2, domainLimits.classes, `${path}.classes`, violations);
  if (height === undefined || width === undefined || channels === undefined || classes === undefined) return undefined;
  return { height, width, channels, classes };
}

export function toDatasetSpec(
  found: message.DatasetSpec | undefined,
  path: string,
  violations: FieldViolation[],
): CheckedDatasetSpec | undefined {
  if (!found) return missing(path, 'a data set', violations);
  const name = ([...datasetNames, FOLDER] as const).find((known) => known === found.name);
  if (!name) {
    const names = oneOf([...datasetNames, FOLDER]);
    violations.push({ field: `${path}.name`, description: `expected ${names}, found "${found.name}"` });
  }
  const folder = name === FOLDER ? toImageFolder(found.folder, `${path}.folder`, violations) : undefined;
  const { imageSize } = found;
  const sizes = name === FOLDER ? imageSizes.folder : imageSizes.published;
  if (!sizes.has(imageSize)) {
    violations.push({ field: `${path}.image_size`, description: `expected ${sizes.expected}, found ${imageSize}` });
  }
  const trainImages = toInteger(found.trainImages, 0, domainLimits.images, `${path}.train_images`, violations);
  const testImages = toInteger(found.testImages, 0, domainLimits.images, `${path}.test_images`, violations);
  if (!name || !sizes.has(imageSize) || trainImages === undefined || testImages === undefined) return undefined;
  if (name === FOLDER && !folder) return undefined;
  return { name, imageSize, trainImages, testImages, folder };
}

/** A folder of images, with what was found there. */
export function toImageFolder(
  found: message.ImageFolder | undefined,
  path: string,
  violations: FieldViolation[],
): message.ImageFolder | undefined {
  if (!found) return missing(path, 'an image folder', violations);
  const before = violations.length;
  const expect = (isFine: boolean, field: string, description: string) => {
    if (!isFine) violations.push({ field: `${path}.${field}`, description });
  };
  const { classNames, testShare, splitSeed, digest } = found;
  expect(found.path.startsWith('/'), 'path', `expected an absolute path, found "${found.path}"`);
  expect(
    classNames.length >= 2 && classNames.length <= domainLimits.folderClasses,
    'class_names',
    `expected 2 to ${domainLimits.folderClasses} classes, found ${classNames.length}`,
  );
  toInteger(found.trainImages, classNames.length, domainLimits.images, `${path}.train_images`, violations);
  toInteger(found.testImages, 1, domainLimits.images, `${path}.test_images`, violations);
  expect(testShare >= 0 && testShare < 1, 'test_share', `expected 0 to less than 1, found ${testShare}`);
  toInteger(splitSeed, 0, Number.MAX_SAFE_INTEGER, `${path}.split_seed`, violations);
  expect(/^[0-9a-f]{64}$/.test(digest), 'digest', `expected a SHA-256 in hex, found "${digest}"`);
  return violations.length === before ? found : undefined;
}

function toBlock(found: string, path: string, violations: FieldViolation[]): { block: BlockType } | undefined {
  const block = blockTypes.find((known) => known === found);
  if (block) return { block };
  violations.push({ field: path, description: `expected ${oneOf(blockTypes)}, found "${found}"` });
}

/** Converts every stage; a wrong number of stages is the only thing said about the list it is found in. */
function toStages<Found, Within, Stage>(
  found: readonly Found[],
  within: { readonly stages: readonly Within[] } | undefined,
  path: string,
  violations: FieldViolation[],
  toStage: (found: Found, path: string, violations: FieldViolation[], within?: Within) => Stage | undefined,
): Stage[] | undefined {
  const expected = within?.stages.length;
  if (expected !== undefined && found.length !== expected) {
    const description = `expected ${expected} stages, as many as the search space has, found ${found.length}`;
    violations.push({ field: path, description });
    return undefined;
  }
  if (found.length < 1 || found.length > domainLimits.stages) {
    violations.push({ field: path, description: `expected 1 to ${domainLimits.stages} stages, found ${found.length}` });
    return undefined;
  }
  const stages = found.map((stage, i) => toStage(stage, `${path}[${i}]`, violations, within?.stages[i]));
  return stages.every((stage) => stage !== undefined) ? stages : undefined;
}

function toStageSpace(found: message.StageSpace, path: string, violations: FieldViolation[]): StageSpace | undefined {
  const stride = toInteger(found.stride, 1, domainLimits.stride, `${path}.stride`, violations);
  const ranges = toStageRanges(found, path, violations);
  // Bins are checked against their own range, also when the other range is wrong.
  const depthBinSize = toBinSize(found.depthBinSize, found.depth, `${path}.depth_bin_size`, 'depths', violations);
  const widthBinSize = toBinSize(found.widthBinSize, found.width, `${path}.width_bin_size`, 'widths', violations);
  if (stride === undefined || !ranges || depthBinSize === undefined || widthBinSize === undefined) return undefined;
  return { stride, ...ranges, depthBinSize, widthBinSize };
}

function toStageRanges(
  found: message.StageRanges,
  path: string,
  violations: FieldViolation[],
  within?: StageRanges,
): StageRanges | undefined {
  const depth = toRange(found.depth, within?.depth ?? { min: 1, max: domainLimits.depth }, `${path}.depth`, violations);
  const width = toRange(found.width, within?.width ?? { min: 1, max: domainLimits.width }, `${path}.width`, violations);
  return depth && width && { depth, width };
}

function toStageArchitecture(
  found: message.StageArchitecture,
  path: string,
  violations: FieldViolation[],
  within?: StageRanges,
): StageArchitecture | undefined {
  const { min: minDepth, max: maxDepth } = within?.depth ?? { min: 1, max: domainLimits.depth };
  const { min: minWidth, max: maxWidth } = within?.width ?? { min: 1, max: domainLimits.width };
  const depth = toInteger(found.depth, minDepth, maxDepth, `${path}.depth`, violations);
  const width = toInteger(found.width, minWidth, maxWidth, `${path}.width`, violations);
  return depth !== undefined && width !== undefined ? { depth, width } : undefined;
}

function toRange(
  found: message.Range | undefined,
  within: Range,
  path: string,
  violations: FieldViolation[],
): Range | undefined {
  if (!found) return missing(path, 'a range with min and max', violations);
  const min = toInteger(found.min, within.min, within.max, `${path}.min`, violations);
  const max = toInteger(found.max, within.min, within.max, `${path}.max`, violations);
  if (min === undefined || max === undefined) return undefined;
  if (min > max) {
    violations.push({ field: path, description: `expected min <= max, found min ${min} and max ${max}` });
    return undefined;
  }
  return { min, max };
}

function toBinSize(
  found: number,
  range: message.Range | undefined,
  path: string,
  unit: string,
  violations: FieldViolation[],
): number | undefined {
  // Without a sound range there is nothing to divide; the range itself is already a violation.
  const count = range && range.max >= range.min ? range.max - range.min + 1 : undefined;
  if (count === undefined) return toInteger(found, 1, domainLimits.width, path, violations);
  if (Number.isInteger(found) && found >= 1 && count % found === 0) return found;
  violations.push({ field: path, description: `expected a divisor of the ${count} ${unit}, found ${found}` });
  return undefined;
}

function toInteger(
  found: number,
  min: number,
  max: number,
  path: string,
  violations: FieldViolation[],
): number | undefined {
  if (Number.isInteger(found) && found >= min && found <= max) return found;
  const expected = min === max ? `${min}` : `a whole number from ${min} to ${max}`;
  violations.push({ field: path, description: `expected ${expected}, found ${found}` });
  return undefined;
}

function missing(path: string, what: string, violations: FieldViolation[]): undefined {
  violations.push({ field: path, description: `expected ${what}, found nothing` });
}

const oneOf = (names: readonly string[]) => {
  const quoted = names.map((name) => `"${name}"`);
  return `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}`;
};
