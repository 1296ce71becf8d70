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
import type { Tls } from '@nss/runtime';

/** Addresses of the services that own the jobs, host:port. */
export type JobOwners = { readonly spaceController: string; readonly evaluator: string; readonly nasRunner: string };

/** The APIs of the jobs of one tenant at a time. */
export type TenantApis = { of(tenant: string): JobApis; close(): void };

/**
 * Clients of all the services that run a campaign's jobs. The controller's own jobs are created the same way: one way to make a
 * job, with the same checks, whichever replica takes it.
 */
export function connectJobApis({ spaceController, evaluator, nasRunner }: JobOwners, tls: Tls | undefined): TenantApis {
  const at = (serverName: string) => ({ tls, serverName });
  const clients = {
    warmups: connect(WarmupServiceService, spaceController, at('space-controller')),
    searches: connect(SearchServiceService, spaceController, at('space-controller')),
    superNetworks: connect(SuperNetworkServiceService, evaluator, at('evaluator')),
    evaluations: connect(EvaluationServiceService, evaluator, at('evaluator')),
    nasRuns: connect(NasRunServiceService, nasRunner, at('nas-runner')),
    trainings: connect(TrainingServiceService, nasRunner, at('nas-runner')),
  };
  return {
    of: (tenant) =>
      jobApisOf({
        warmups: clients.warmups.actingFor(tenant),
        searches: clients.searches.actingFor(tenant),
        superNetworks: clients.superNetworks.actingFor(tenant),
        evaluations: clients.evaluations.actingFor(tenant),
        nasRuns: clients.nasRuns.actingFor(tenant),
        trainings: clients.trainings.actingFor(tenant),
      }),
    close() {
      for (const client of Object.values(clients)) client.close();
    },
  };
}
