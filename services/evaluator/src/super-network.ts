import type { FieldViolation, SuperNetwork, SuperNetworkSpec } from '@nss/contracts';
import type { RunningJob } from '@nss/jobs';
import { invalidArgument } from '@nss/rpc';
import { randomOf } from '@nss/space';
import { type Session, type TrainerTools, toSuperNetwork, trainSuperNetwork } from '@nss/trainer-jobs';

/** Everything that is wrong with the spec of a stand-alone super network. */
export function superNetworkViolations(spec: SuperNetworkSpec | undefined): FieldViolation[] {
  const violations: FieldViolation[] = [];
  toSuperNetwork(spec, 'all', violations);
  return violations;
}

/**
 * Trains a stand-alone super network with uniform draws on all training images, and leaves a checkpoint for every evaluation
 * (method section 5).
 */
export async function runSuperNetwork(job: RunningJob<SuperNetwork>, tools: TrainerTools): Promise<void> {
  const { work, weights } = checked(job.resource().spec);
  await trainSuperNetwork(job, tools, { work, weights, split: 'all', seed: initialSeed(work.seed) });
}

/** The session in which a super network was trained; the same is opened to measure with it. */
export function sessionOf({ spec }: SuperNetwork): Session {
  const { work, weights } = checked(spec);
  return { dataset: work.dataset, space: work.space, weights, seed: initialSeed(work.seed) };
}

function checked(spec: SuperNetworkSpec | undefined) {
  const violations: FieldViolation[] = [];
  const superNetwork = toSuperNetwork(spec, 'all', violations);
  if (!superNetwork) throw invalidArgument(violations);
  return superNetwork;
}

/** Never the super network that a search used, not even its initial weights. */
const initialSeed = (seed: number) => randomOf(seed, 'evaluation', 'super-network').integer(0, 2 ** 31 - 1);
