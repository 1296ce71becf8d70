import type { FieldViolation, Warmup, WarmupSpec } from '@nss/contracts';
import type { Jobs, RunningJob } from '@nss/jobs';
import { invalidArgument, NssError } from '@nss/rpc';
import { iterationsOf } from '@nss/search';
import {
  checkBatch,
  type TrainerTools,
  toWeightTraining,
  toWork,
  trainFor,
  type WeightSettings,
  type Work,
} from '@nss/trainer-jobs';

/** Everything that is wrong with the spec of a warmup. */
export function warmupViolations(spec: WarmupSpec | undefined): FieldViolation[] {
  const violations: FieldViolation[] = [];
  toWarmup(spec, violations);
  return violations;
}

/** Trains the search super network with theta frozen, and leaves a checkpoint for every search of the same data set and seed. */
export async function runWarmup(job: RunningJob<Warmup>, tools: TrainerTools): Promise<void> {
  const violations: FieldViolation[] = [];
  const warmup = toWarmup(job.resource().spec, violations);
  if (!warmup) throw invalidArgument(violations);
  const { work, weights } = warmup;
  const trained = await trainFor(
    job,
    tools,
    {
      work,
      space: work.space,
      weights,
      split: 'weights',
      until: iterationsOf(weights, work.images.half).warmup,
      seed: work.seed,
      activity: 'training the super network',
    },
    async ({ checkpoint }) => checkpoint,
  );
  await job.update((found) => ({ ...found, checkpoint: trained }));
}

function toWarmup(
  spec: WarmupSpec | undefined,
  violations: FieldViolation[],
): { work: Work; weights: WeightSettings } | undefined {
  if (!spec) {
    violations.push({ field: 'spec', description: 'expected what to warm up, found nothing' });
    return undefined;
  }
  const work = toWork(spec, violations);
  const weights = toWeightTraining(spec.weights, 'spec.weights', violations);
  checkBatch(weights, work?.images.half, 'spec.weights', violations);
  return violations.length === 0 && work && weights ? { work, weights } : undefined;
}

/** Looks a warmup up; undefined when there is none of this name. */
export function findWarmup(warmups: Jobs<Warmup>): (name: string) => Promise<Warmup | undefined> {
  return async (name) => {
    try {
      return await warmups.get(name);
    } catch (error) {
      if (error instanceof NssError && error.codeName === 'NOT_FOUND') return undefined;
      throw error;
    }
  };
}
