import { isDeepStrictEqual } from 'node:util';
import {
  type Checkpoint,
  type DatasetSpec,
  type FieldViolation,
  JobState,
  type JobStatus,
  type SearchSpace,
  type WeightTraining,
} from '@nss/contracts';
import type { RunningJob } from '@nss/jobs';
import { failedPrecondition } from '@nss/rpc';
import { trainWithSeveral } from './local-sgd.ts';
import { checkBatch, snakeCase, toWeightTraining, toWork, type WeightSettings, type Work } from './spec.ts';
import type { JobResource, TrainerTools } from './tools.ts';
import { trainFor, type WeightsToTrain } from './train.ts';

/*
 * What the jobs that train a super network and leave its weights to others share: warmups, which searches go on from, and
 * stand-alone super networks, which evaluations measure with.
 */

/** The spec of such a job. */
type SuperNetworkSpec = {
  dataset?: DatasetSpec;
  searchSpace?: SearchSpace;
  weights?: WeightTraining;
  seed: number;
};

/** Such a spec, checked. */
export type SuperNetworkToTrain = { readonly work: Work; readonly weights: WeightSettings };

/** Checks such a spec; `split` says which images it trains on. */
export function toSuperNetwork(
  spec: SuperNetworkSpec | undefined,
  split: WeightsToTrain['split'],
  violations: FieldViolation[],
): SuperNetworkToTrain | undefined {
  if (!spec) {
    violations.push({ field: 'spec', description: 'expected what to train, found nothing' });
    return undefined;
  }
  const work = toWork(spec, violations);
  const weights = toWeightTraining(spec.weights, 'spec.weights', violations);
  checkBatch(weights, split === 'all' ? work?.images.all : work?.images.half, 'spec.weights', violations);
  return violations.length === 0 && work && weights ? { work, weights } : undefined;
}

/** Trains the super network of such a job, and leaves its checkpoint in the resource. */
export async function trainSuperNetwork(
  job: RunningJob<JobResource & { checkpoint: Checkpoint | undefined }>,
  tools: TrainerTools,
  superNetwork: SuperNetworkToTrain & Pick<WeightsToTrain, 'split' | 'until' | 'seed'>,
): Promise<void> {
  const toTrain = { ...superNetwork, space: superNetwork.work.space, activity: 'training the super network' };
  const { localSgd } = superNetwork.weights;
  const trained = localSgd
    ? await trainWithSeveral(job, tools, toTrain, localSgd)
    : await trainFor(job, tools, toTrain, async ({ checkpoint }) => checkpoint);
  await job.update((found) => ({ ...found, checkpoint: trained }));
}

/** A job that leaves weights, as it was found. */
type WeightsJob<Spec> = {
  readonly name: string;
  readonly spec: Spec | undefined;
  readonly status: JobStatus | undefined;
  readonly checkpoint: Checkpoint | undefined;
};

/**
 * The weights that such a job has left. Throws FAILED_PRECONDITION unless it has succeeded (reason `<kind>_NOT_DONE`) and its
 * spec has what is expected of it (`<kind>_DIFFERS`).
 */
export function weightsOf<Spec extends object>(
  kind: 'WARMUP' | 'SUPER_NETWORK',
  { name, spec, status, checkpoint }: WeightsJob<Spec>,
  expected: Partial<Spec>,
): Checkpoint {
  if (status?.state !== JobState.SUCCEEDED || !checkpoint) {
    throw failedPrecondition(`${name} has not succeeded (${status?.state}); wait for it or name another`, {
      reason: `${kind}_NOT_DONE`,
    });
  }
  const different = Object.entries(expected).filter(
    ([field, value]) => !isDeepStrictEqual(spec?.[field as keyof Spec], value),
  );
  if (different.length > 0) {
    const fields = different.map(([field]) => snakeCase(field)).join(', ');
    throw failedPrecondition(`${name} was made with another ${fields}; name one that was made with the same`, {
      reason: `${kind}_DIFFERS`,
    });
  }
  return checkpoint;
}
