import {
  Evaluation,
  type EvaluationServiceService,
  NasRun,
  type NasRunServiceService,
  Search,
  type SearchServiceService,
  SuperNetwork,
  type SuperNetworkServiceService,
  Training,
  type TrainingServiceService,
  Warmup,
  type WarmupServiceService,
} from '@nss/contracts';
import {
  type Client,
  evaluationName,
  nasRunName,
  searchName,
  superNetworkName,
  trainingName,
  warmupName,
} from '@nss/rpc';
import type { JobKind, Resources, Specs } from './kinds.ts';

/** The API of one kind of job, whichever service owns it. All functions throw NssError. */
export type JobApi<Spec, Resource> = {
  nameOf(id: string): string;
  /** Gives the job that is there already when it was created with the same request id. */
  create(id: string, spec: Spec, requestId: string, signal?: AbortSignal): Promise<Resource>;
  get(name: string, signal: AbortSignal): Promise<Resource>;
  cancel(name: string): Promise<unknown>;
  /** As `cancel`, but the job can be resumed. */
  suspend(name: string): Promise<unknown>;
  /** Gives the job that was suspended, waiting for a worker again. */
  resume(name: string, signal: AbortSignal): Promise<Resource>;
  delete(name: string): Promise<unknown>;
  watch(
    name: string,
    afterChange: number,
    signal: AbortSignal,
  ): AsyncIterable<{ readonly change: number; readonly resource: Resource | undefined }>;
};

export type JobApis = { readonly [Kind in JobKind]: JobApi<Specs[Kind], Resources[Kind]> };

/** Clients of the services that own the jobs. */
export type JobClients = {
  readonly warmups: Client<typeof WarmupServiceService>;
  readonly searches: Client<typeof SearchServiceService>;
  readonly superNetworks: Client<typeof SuperNetworkServiceService>;
  readonly evaluations: Client<typeof EvaluationServiceService>;
  readonly nasRuns: Client<typeof NasRunServiceService>;
  readonly trainings: Client<typeof TrainingServiceService>;
};

/** One API for jobs of every kind: one way to make a job, with the same checks, whichever service takes it. */
export function jobApisOf(clients: JobClients): JobApis {
  const { warmups, searches, superNetworks, evaluations, nasRuns, trainings } = clients;
  return {
    warmup: {
      nameOf: warmupName,
      create: (warmupId, spec, requestId, signal) =>
        warmups.createWarmup({ warmupId, warmup: Warmup.create({ spec }), requestId }, { signal }),
      get: (name, signal) => warmups.getWarmup({ name }, { signal }),
      cancel: (name) => warmups.cancelWarmup({ name }),
      suspend: (name) => warmups.suspendWarmup({ name }),
      resume: (name, signal) => warmups.resumeWarmup({ name }, { signal }),
      delete: (name) => warmups.deleteWarmup({ name }),
      watch: (name, afterChange, signal) =>
        changesOf(warmups.watchWarmup({ name, afterChange }, { signal }), ({ warmup }) => warmup),
    },
    search: {
      nameOf: searchName,
      create: (searchId, spec, requestId, signal) =>
        searches.createSearch({ searchId, search: Search.create({ spec }), requestId }, { signal }),
      get: (name, signal) => searches.getSearch({ name }, { signal }),
      cancel: (name) => searches.cancelSearch({ name }),
      suspend: (name) => searches.suspendSearch({ name }),
      resume: (name, signal) => searches.resumeSearch({ name }, { signal }),
      delete: (name) => searches.deleteSearch({ name }),
      watch: (name, afterChange, signal) =>
        changesOf(searches.watchSearch({ name, afterChange }, { signal }), ({ search }) => search),
    },
    superNetwork: {
      nameOf: superNetworkName,
      create: (superNetworkId, spec, requestId, signal) => {
        const superNetwork = SuperNetwork.create({ spec });
        return superNetworks.createSuperNetwork({ superNetworkId, superNetwork, requestId }, { signal });
      },
      get: (name, signal) => superNetworks.getSuperNetwork({ name }, { signal }),
      cancel: (name) => superNetworks.cancelSuperNetwork({ name }),
      suspend: (name) => superNetworks.suspendSuperNetwork({ name }),
      resume: (name, signal) => superNetworks.resumeSuperNetwork({ name }, { signal }),
      delete: (name) => superNetworks.deleteSuperNetwork({ name }),
      watch: (name, afterChange, signal) => {
        const changes = superNetworks.watchSuperNetwork({ name, afterChange }, { signal });
        return changesOf(changes, ({ superNetwork }) => superNetwork);
      },
    },
    evaluation: {
      nameOf: evaluationName,
      create: (evaluationId, spec, requestId, signal) =>
        evaluations.createEvaluation({ evaluationId, evaluation: Evaluation.create({ spec }), requestId }, { signal }),
      get: (name, signal) => evaluations.getEvaluation({ name }, { signal }),
      cancel: (name) => evaluations.cancelEvaluation({ name }),
      suspend: (name) => evaluations.suspendEvaluation({ name }),
      resume: (name, signal) => evaluations.resumeEvaluation({ name }, { signal }),
      delete: (name) => evaluations.deleteEvaluation({ name }),
      watch: (name, afterChange, signal) =>
        changesOf(evaluations.watchEvaluation({ name, afterChange }, { signal }), ({ evaluation }) => evaluation),
    },
    nas: {
      nameOf: nasRunName,
      create: (nasRunId, spec, requestId, signal) =>
        nasRuns.createNasRun({ nasRunId, nasRun: NasRun.create({ spec }), requestId }, { signal }),
      get: (name, signal) => nasRuns.getNasRun({ name }, { signal }),
      cancel: (name) => nasRuns.cancelNasRun({ name }),
      suspend: (name) => nasRuns.suspendNasRun({ name }),
      resume: (name, signal) => nasRuns.resumeNasRun({ name }, { signal }),
      delete: (name) => nasRuns.deleteNasRun({ name }),
      watch: (name, afterChange, signal) =>
        changesOf(nasRuns.watchNasRun({ name, afterChange }, { signal }), ({ nasRun }) => nasRun),
    },
    training: {
      nameOf: trainingName,
      create: (trainingId, spec, requestId, signal) =>
        trainings.createTraining({ trainingId, training: Training.create({ spec }), requestId }, { signal }),
      get: (name, signal) => trainings.getTraining({ name }, { signal }),
      cancel: (name) => trainings.cancelTraining({ name }),
      suspend: (name) => trainings.suspendTraining({ name }),
      resume: (name, signal) => trainings.resumeTraining({ name }, { signal }),
      delete: (name) => trainings.deleteTraining({ name }),
      watch: (name, afterChange, signal) =>
        changesOf(trainings.watchTraining({ name, afterChange }, { signal }), ({ training }) => training),
    },
  };
}

async function* changesOf<Change extends { change: number }, Resource>(
  changes: AsyncIterable<Change>,
  resourceOf: (change: Change) => Resource | undefined,
): AsyncGenerator<{ change: number; resource: Resource | undefined }> {
  for await (const change of changes) yield { change: change.change, resource: resourceOf(change) };
}
