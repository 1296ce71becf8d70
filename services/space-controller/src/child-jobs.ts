import { setTimeout as sleep } from 'node:timers/promises';
import {
  Evaluation,
  EvaluationServiceService,
  type EvaluationSpec,
  JobState,
  type JobStatus,
  NasRun,
  NasRunServiceService,
  type NasRunSpec,
  Search,
  SearchServiceService,
  type SearchSpec,
  SuperNetwork,
  SuperNetworkServiceService,
  type SuperNetworkSpec,
  Training,
  TrainingServiceService,
  type TrainingSpec,
  Warmup,
  WarmupServiceService,
  type WarmupSpec,
} from '@nss/contracts';
import {
  connect,
  evaluationName,
  NssError,
  nasRunName,
  searchName,
  superNetworkName,
  trainingName,
  warmupName,
} from '@nss/rpc';
import type { JobKind } from './campaign-plan.ts';

/** Spec and resource of each kind of job that a campaign creates. */
export type Specs = {
  warmup: WarmupSpec;
  search: SearchSpec;
  superNetwork: SuperNetworkSpec;
  evaluation: EvaluationSpec;
  nas: NasRunSpec;
  training: TrainingSpec;
};
export type Resources = {
  warmup: Warmup;
  search: Search;
  superNetwork: SuperNetwork;
  evaluation: Evaluation;
  nas: NasRun;
  training: Training;
};

/** The API of one kind of job, whichever service owns it. All functions throw NssError. */
export type JobApi<Spec, Resource> = {
  nameOf(id: string): string;
  /** Gives the job that is there already when it was created with the same request id. */
  create(id: string, spec: Spec, requestId: string, signal: AbortSignal): Promise<Resource>;
  cancel(name: string): Promise<unknown>;
  delete(name: string): Promise<unknown>;
  watch(
    name: string,
    afterChange: number,
    signal: AbortSignal,
  ): AsyncIterable<{ readonly change: number; readonly resource: Resource | undefined }>;
};

export type JobApis = { readonly [Kind in JobKind]: JobApi<Specs[Kind], Resources[Kind]> };

/** Addresses of the services that own the jobs, host:port. */
export type JobOwners = { readonly spaceController: string; readonly evaluator: string; readonly nasRunner: string };

/**
 * Clients of all the services that run a campaign's jobs. The controller's own jobs are created the same way: one way to make a
 * job, with the same checks, whichever replica takes it.
 */
export function connectJobApis({ spaceController, evaluator, nasRunner }: JobOwners): JobApis & { close(): void } {
  const warmups = connect(WarmupServiceService, spaceController);
  const searches = connect(SearchServiceService, spaceController);
  const superNetworks = connect(SuperNetworkServiceService, evaluator);
  const evaluations = connect(EvaluationServiceService, evaluator);
  const nasRuns = connect(NasRunServiceService, nasRunner);
  const trainings = connect(TrainingServiceService, nasRunner);
  return {
    warmup: {
      nameOf: warmupName,
      create: (warmupId, spec, requestId, signal) =>
        warmups.createWarmup({ warmupId, warmup: Warmup.create({ spec }), requestId }, { signal }),
      cancel: (name) => warmups.cancelWarmup({ name }),
      delete: (name) => warmups.deleteWarmup({ name }),
      watch: (name, afterChange, signal) =>
        changesOf(warmups.watchWarmup({ name, afterChange }, { signal }), ({ warmup }) => warmup),
    },
    search: {
      nameOf: searchName,
      create: (searchId, spec, requestId, signal) =>
        searches.createSearch({ searchId, search: Search.create({ spec }), requestId }, { signal }),
      cancel: (name) => searches.cancelSearch({ name }),
      delete: (name) => searches.deleteSearch({ name }),
      watch: (name, afterChange, signal) =>
        changesOf(searches.watchSearch({ name, afterChange }, { signal }), ({ search }) => search),
    },
    superNetwork: {
      nameOf: superNetworkName,
      create: (superNetworkId, spec, requestId, signal) =>
        superNetworks.createSuperNetwork(
          { superNetworkId, superNetwork: SuperNetwork.create({ spec }), requestId },
          { signal },
        ),
      cancel: (name) => superNetworks.cancelSuperNetwork({ name }),
      delete: (name) => superNetworks.deleteSuperNetwork({ name }),
      watch: (name, afterChange, signal) =>
        changesOf(
          superNetworks.watchSuperNetwork({ name, afterChange }, { signal }),
          ({ superNetwork }) => superNetwork,
        ),
    },
    evaluation: {
      nameOf: evaluationName,
      create: (evaluationId, spec, requestId, signal) =>
        evaluations.createEvaluation({ evaluationId, evaluation: Evaluation.create({ spec }), requestId }, { signal }),
      cancel: (name) => evaluations.cancelEvaluation({ name }),
      delete: (name) => evaluations.deleteEvaluation({ name }),
      watch: (name, afterChange, signal) =>
        changesOf(evaluations.watchEvaluation({ name, afterChange }, { signal }), ({ evaluation }) => evaluation),
    },
    nas: {
      nameOf: nasRunName,
      create: (nasRunId, spec, requestId, signal) =>
        nasRuns.createNasRun({ nasRunId, nasRun: NasRun.create({ spec }), requestId }, { signal }),
      cancel: (name) => nasRuns.cancelNasRun({ name }),
      delete: (name) => nasRuns.deleteNasRun({ name }),
      watch: (name, afterChange, signal) =>
        changesOf(nasRuns.watchNasRun({ name, afterChange }, { signal }), ({ nasRun }) => nasRun),
    },
    training: {
      nameOf: trainingName,
      create: (trainingId, spec, requestId, signal) =>
        trainings.createTraining({ trainingId, training: Training.create({ spec }), requestId }, { signal }),
      cancel: (name) => trainings.cancelTraining({ name }),
      delete: (name) => trainings.deleteTraining({ name }),
      watch: (name, afterChange, signal) =>
        changesOf(trainings.watchTraining({ name, afterChange }, { signal }), ({ training }) => training),
    },
    close() {
      for (const client of [warmups, searches, superNetworks, evaluations, nasRuns, trainings]) client.close();
    },
  };
}

/**
 * Watches a job until it has ended and gives it as it ended. A service that is away is waited for, as long as `signal` lets: it may
 * be restarting, and its jobs are stored.
 */
export async function watchToEnd<Resource extends { status?: JobStatus }>(
  api: Pick<JobApi<never, Resource>, 'watch'>,
  name: string,
  onChange: (resource: Resource) => void,
  signal: AbortSignal,
): Promise<Resource> {
  let seen = 0;
  for (;;) {
    try {
      for await (const { change, resource } of api.watch(name, seen, signal)) {
        seen = change;
        if (!resource) continue;
        onChange(resource);
        if (hasEnded(resource.status)) return resource;
      }
    } catch (error) {
      signal.throwIfAborted();
      if (!NssError.from(error).retryable) throw error;
    }
    await sleep(reconnectMs, undefined, { signal });
  }
}

export const hasEnded = (status: JobStatus | undefined): boolean => endedStates.has(status?.state);

const endedStates: ReadonlySet<JobState | undefined> = new Set([
  JobState.SUCCEEDED,
  JobState.FAILED,
  JobState.CANCELLED,
]);

async function* changesOf<Change extends { change: number }, Resource>(
  changes: AsyncIterable<Change>,
  resourceOf: (change: Change) => Resource | undefined,
): AsyncGenerator<{ change: number; resource: Resource | undefined }> {
  for await (const change of changes) yield { change: change.change, resource: resourceOf(change) };
}

const reconnectMs = 1_000;
