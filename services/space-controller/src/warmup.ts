import type { FieldViolation, Warmup, WarmupSpec } from '@nss/contracts';
import type { RunningJob } from '@nss/jobs';
import { invalidArgument } from '@nss/rpc';
import { iterationsOf } from '@nss/search';
import { type TrainerTools, toSuperNetwork, trainSuperNetwork } from '@nss/trainer-jobs';

/** Everything that is wrong with the spec of a warmup. */
export function warmupViolations(spec: WarmupSpec | undefined): FieldViolation[] {
  const violations: FieldViolation[] = [];
  toSuperNetwork(spec, 'weights', violations);
  return violations;
}

/** Trains the search super network with theta frozen, and leaves a checkpoint for every search of the same data set and seed. */
export async function runWarmup(job: RunningJob<Warmup>, tools: TrainerTools): Promise<void> {
  const violations: FieldViolation[] = [];
  const warmup = toSuperNetwork(job.resource().spec, 'weights', violations);
  if (!warmup) throw invalidArgument(violations);
  const { work, weights } = warmup;
  const until = iterationsOf(weights, work.images.half).warmup;
  await trainSuperNetwork(job, tools, { ...warmup, split: 'weights', until, seed: work.seed });
}
