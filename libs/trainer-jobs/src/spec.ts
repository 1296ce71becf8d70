import { datasetFacts, inputShapeOf, type ResolvedSettings, settingsSchema } from '@nss/campaign';
import {
  type CheckedDatasetSpec,
  type DatasetSpec,
  type FieldViolation,
  type SearchSpace as SearchSpaceMessage,
  toDatasetSpec,
  toSearchSpace,
} from '@nss/contracts';
import { costRange } from '@nss/cost';
import { formatMultiplyAdds, type InputShape, type NetworkSpace, type SearchSpace, wholeSpace } from '@nss/space';

/*
 * Specs of jobs, checked into domain values. Like the conversions of @nss/contracts, each function pushes everything that is
 * wrong to `violations`, with the field's path in proto names, and then gives undefined.
 */

/** What every job that drives a trainer works on. */
export type Work = {
  readonly dataset: CheckedDatasetSpec;
  readonly space: SearchSpace;
  readonly input: InputShape;
  readonly seed: number;
  /** Training images: all that are used, and the half that trains weights while the other trains theta. */
  readonly images: { readonly all: number; readonly half: number };
};

/** Settings of weights and of theta, complete. */
export type WeightSettings = ResolvedSettings['search']['weights'];
export type ThetaSettings = ResolvedSettings['search']['theta'];

/** Checks data set, search space and seed of a spec. */
export function toWork(
  spec: { dataset?: DatasetSpec; searchSpace?: SearchSpaceMessage; seed: number },
  violations: FieldViolation[],
): Work | undefined {
  const dataset = toDatasetSpec(spec.dataset, 'spec.dataset', violations);
  const space = toSearchSpace(spec.searchSpace, 'spec.search_space', violations);
  if (!Number.isSafeInteger(spec.seed) || spec.seed < 0) {
    const description = `expected a whole number from 0 to 2^53 - 1, found ${spec.seed}`;
    violations.push({ field: 'spec.seed', description });
  }
  if (!dataset || !space) return undefined;
  const published = datasetFacts(dataset).trainImages;
  if (dataset.trainImages > published) {
    const description = `${dataset.name} has ${published}, found ${dataset.trainImages} (0 means all)`;
    violations.push({ field: 'spec.dataset.train_images', description });
  }
  const all = dataset.trainImages || published;
  return {
    // The trainer is told the number, so that it and the schedules agree on the length of an epoch.
    dataset: { ...dataset, trainImages: all },
    space,
    input: inputShapeOf(dataset),
    seed: spec.seed,
    images: { all, half: Math.floor(all / 2) },
  };
}

type SettingsName = 'search' | 'nas' | 'training';

/** Checks the settings of one kind of job; they are complete afterwards. */
export function toSettings<Name extends SettingsName>(
  name: Name,
  found: unknown,
  violations: FieldViolation[],
): ResolvedSettings[Name] | undefined {
  // The compiler does not see that the schema of one name gives the settings of that name.
  const schema = settingsSchema.shape[name] as unknown as Schema<ResolvedSettings[Name]>;
  return checked(schema, found, 'spec.settings', violations);
}

/** Checks how weights are trained. */
export function toWeightTraining(
  found: unknown,
  path: string,
  violations: FieldViolation[],
): WeightSettings | undefined {
  return checked(settingsSchema.shape.search.shape.weights, found, path, violations);
}

/** Checks that the images of an epoch fill at least one batch. */
export function checkBatch(
  weights: { readonly batchSize: number } | undefined,
  images: number | undefined,
  path: string,
  violations: FieldViolation[],
): void {
  if (!weights || images === undefined || weights.batchSize <= images) return;
  const description = `expected at most the ${images} images of an epoch, found ${weights.batchSize}`;
  violations.push({ field: `${path}.batch_size`, description });
}

/** Checks that some architecture costs `target` multiply-adds; `within` limits which count. */
export function checkTarget(
  target: number,
  work: Work | undefined,
  violations: FieldViolation[],
  { within, path = 'spec.target_multiply_adds' }: { within?: NetworkSpace; path?: string } = {},
): void {
  if (!(target > 0 && target <= Number.MAX_SAFE_INTEGER)) {
    violations.push({ field: path, description: `expected a positive number of multiply-adds, found ${target}` });
    return;
  }
  if (!work) return;
  const { min, max } = costRange(work.space, work.input, within ?? wholeSpace(work.space));
  if (target >= min && target <= max) return;
  const description =
    `no architecture of this space costs ${formatMultiplyAdds(target)} (${target}); ` +
    `it can meet ${formatMultiplyAdds(min)} to ${formatMultiplyAdds(max)}`;
  violations.push({ field: path, description });
}

type Schema<T> = {
  safeParse(
    value: unknown,
  ):
    | { success: true; data: T }
    | { success: false; error: { issues: readonly { path: PropertyKey[]; message: string }[] } };
};

function checked<T>(schema: Schema<T>, found: unknown, path: string, violations: FieldViolation[]): T | undefined {
  const result = schema.safeParse(found);
  if (result.success) return result.data;
  for (const issue of result.error.issues) {
    violations.push({ field: [path, ...issue.path.map(snakeCase)].join('.'), description: issue.message });
  }
  return undefined;
}

/** `search_space` of `searchSpace`. */
export const snakeCase = (key: PropertyKey) => String(key).replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
