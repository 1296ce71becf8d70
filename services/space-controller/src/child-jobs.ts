import {
  EvaluationServiceService,
  NasRunServiceService,
  SearchServiceService,
  SuperNetworkServiceService,
  TrainingServiceService,
  WarmupServiceService,
} from '@nss/contracts';
import { type JobApis, jobApisOf } from '@nss/job-apis';
import { connect } from '@nss/rpc';

/** Addresses of the services that own the jobs, host:port. */
export type JobOwners = { readonly spaceController: string; readonly evaluator: string; readonly nasRunner: string };

/**
 * Clients of all the services that run a campaign's jobs. The controller's own jobs are created the same way: one way to make a
 * job, with the same checks, whichever replica takes it.
 */
export function connectJobApis({ spaceController, evaluator, nasRunner }: JobOwners): JobApis & { close(): void } {
  const clients = {
    warmups: connect(WarmupServiceService, spaceController),
    searches: connect(SearchServiceService, spaceController),
    superNetworks: connect(SuperNetworkServiceService, evaluator),
    evaluations: connect(EvaluationServiceService, evaluator),
    nasRuns: connect(NasRunServiceService, nasRunner),
    trainings: connect(TrainingServiceService, nasRunner),
  };
  return {
    ...jobApisOf(clients),
    close() {
      for (const client of Object.values(clients)) client.close();
    },
  };
}
