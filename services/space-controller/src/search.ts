import {
  type Certificate,
  type CertifySpaceRequest,
  type FieldViolation,
  fromNetworkSpace,
  fromSearchSpace,
  type Search,
  type SearchSpec,
  type Warmup,
} from '@nss/contracts';
import type { RunningJob } from '@nss/jobs';
import { invalidArgument, isNameOf } from '@nss/rpc';
import { iterationsOf, probabilitiesOf, selectEliteSpace } from '@nss/search';
import { formatSpace } from '@nss/space';
import {
  checkBatch,
  checkTarget,
  searchFor,
  type TrainerTools,
  toSettings,
  toWork,
  weightsOf,
} from '@nss/trainer-jobs';
import { TRAJECTORY_FILE, type TrajectoryFile } from './trajectory-file.ts';

export type SearchTools = TrainerTools & {
  /** Throws NOT_FOUND when there is none of this name. */
  readonly findWarmup: (name: string, tenant: string) => Promise<Warmup>;
  readonly certify: (request: CertifySpaceRequest, signal: AbortSignal) => Promise<Certificate>;
};

/** Everything that is wrong with the spec of a search. */
export function searchViolations(spec: SearchSpec | undefined): FieldViolation[] {
  const violations: FieldViolation[] = [];
  toSearch(spec, violations);
  return violations;
}

/** Searches theta, draws spaces from it, and leaves the Elite Space with its certificate. */
export async function runSearchJob(job: RunningJob<Search>, tools: SearchTools): Promise<void> {
  const violations: FieldViolation[] = [];
  const search = toSearch(job.resource().spec, violations);
  if (!search) throw invalidArgument(violations);
  const { spec, work, settings } = search;
  const { targetMultiplyAdds } = spec;
  // The cost of theta and its gradient are computed in this process, by the library that the flops-estimator serves: a pure
  // function of a few hundred numbers, for which a way through the network in every iteration would buy nothing.
  const state = await searchFor(job, tools, {
    work,
    space: work.space,
    settings,
    targetMultiplyAdds,
    warmup: spec.warmup ? await warmupWeights(spec, tools, job.tenant) : undefined,
  });

  const theta = probabilitiesOf(state.logits);
  const found = { ...work, probabilities: theta, targetMultiplyAdds };
  const { elite, draws } = selectEliteSpace(found, settings.draws);
  const eliteSpace = fromNetworkSpace(elite.space);
  const searchSpace = fromSearchSpace(work.space);
  const certificate = await tools.certify(
    { input: work.input, searchSpace, space: eliteSpace, targetMultiplyAdds },
    job.signal,
  );
  const trajectory: TrajectoryFile = {
    version: 1,
    iterations: iterationsOf(settings.weights, work.images.half),
    snapshots: state.trajectory,
  };
  const trajectoryArtifact = await job.artifacts.put(TRAJECTORY_FILE, JSON.stringify(trajectory));
  await job.update((resource) => ({
    ...resource,
    result: {
      eliteSpace,
      eliteSpaceText: formatSpace(elite.space),
      certificate,
      draws: draws.map((draw) => ({ ...draw, space: fromNetworkSpace(draw.space) })),
      theta: theta.map(({ depth, width }) => ({ depth: [...depth], width: [...width] })),
      trajectoryArtifact,
    },
  }));
}

/** Weights to start from: those of a warmup that did exactly what this search would have done itself. */
async function warmupWeights(
  { warmup, dataset, searchSpace, settings, seed }: SearchSpec,
  { findWarmup }: SearchTools,
  tenant: string,
) {
  return weightsOf('WARMUP', await findWarmup(warmup, tenant), {
    dataset,
    searchSpace,
    weights: settings?.weights,
    seed,
  });
}

function toSearch(spec: SearchSpec | undefined, violations: FieldViolation[]) {
  if (!spec) {
    violations.push({ field: 'spec', description: 'expected what to search, found nothing' });
    return undefined;
  }
  const work = toWork(spec, violations);
  const settings = toSettings('search', spec.settings, violations);
  checkBatch(settings?.weights, work?.images.half, 'spec.settings.weights', violations);
  checkTarget(spec.targetMultiplyAdds, work, violations);
  if (spec.warmup && !isNameOf('warmups', spec.warmup)) {
    violations.push({ field: 'spec.warmup', description: `expected warmups/{id} or nothing, found "${spec.warmup}"` });
  }
  if (spec.warmup && settings?.theta.taskLoss === false) {
    violations.push({
      field: 'spec.warmup',
      description: 'expected nothing: a search without task loss has no weights',
    });
  }
  if (!spec.warmup && settings?.theta.taskLoss && settings.weights.localSgd) {
    violations.push({
      field: 'spec.settings.weights.local_sgd',
      description: 'expected nothing: one trainer does the whole search; name a warmup that was trained so',
    });
  }
  return violations.length === 0 && work && settings ? { spec, work, settings } : undefined;
}
