import {
  CampaignServiceService,
  DeadLetterServiceService,
  EvaluationServiceService,
  FlopsEstimatorServiceService,
  type JobStatus,
  NasRunServiceService,
  SearchServiceService,
  SuperNetworkServiceService,
  TrainingServiceService,
  WarmupServiceService,
} from '@nss/contracts';
import { type CallOptions, type Client, type ClientOptions, connect, parseResourceName } from '@nss/rpc';

/** Where the services of a mesh are, as host:port. */
export type MeshAddresses = {
  /** The space-controller: campaigns, warmups and searches. */
  readonly address: string;
  /** These default to `address`: a gateway that routes by service name is reached at one address. */
  readonly flopsEstimator?: string;
  readonly evaluator?: string;
  readonly nasRunner?: string;
};

/** Typed clients of every service of a mesh. All calls throw NssError. */
export type NssClient = {
  readonly address: string;
  readonly campaigns: Client<typeof CampaignServiceService>;
  readonly deadLetters: Client<typeof DeadLetterServiceService>;
  readonly warmups: Client<typeof WarmupServiceService>;
  readonly searches: Client<typeof SearchServiceService>;
  readonly superNetworks: Client<typeof SuperNetworkServiceService>;
  readonly evaluations: Client<typeof EvaluationServiceService>;
  readonly nasRuns: Client<typeof NasRunServiceService>;
  readonly trainings: Client<typeof TrainingServiceService>;
  readonly flopsEstimator: Client<typeof FlopsEstimatorServiceService>;
  /** The status of a job of any kind, by its resource name. */
  jobStatus(name: string, options?: CallOptions): Promise<JobStatus | undefined>;
  close(): void;
};

/**
 * Connects to a mesh, for example `connectNss({ address: '127.0.0.1:7000' })`; connections open with the first call.
 *
 * ```ts
 * const nss = connectNss({ address });
 * for await (const { campaign } of nss.campaigns.watchCampaign({ name: 'campaigns/quickstart', afterChange: 0 })) { ... }
 * ```
 *
 * @param options of every client: deadline and repetitions unless a call says otherwise, TLS, a token.
 */
export function connectNss(addresses: MeshAddresses, options: ClientOptions = {}): NssClient {
  const { address, flopsEstimator = address, evaluator = address, nasRunner = address } = addresses;
  const clients = {
    campaigns: connect(CampaignServiceService, address, options),
    deadLetters: connect(DeadLetterServiceService, address, options),
    warmups: connect(WarmupServiceService, address, options),
    searches: connect(SearchServiceService, address, options),
    superNetworks: connect(SuperNetworkServiceService, evaluator, options),
    evaluations: connect(EvaluationServiceService, evaluator, options),
    nasRuns: connect(NasRunServiceService, nasRunner, options),
    trainings: connect(TrainingServiceService, nasRunner, options),
    flopsEstimator: connect(FlopsEstimatorServiceService, flopsEstimator, options),
  };
  return {
    address,
    ...clients,
    async jobStatus(name, options) {
      const { collection } = parseResourceName(name);
      const job = await {
        campaigns: () => clients.campaigns.getCampaign({ name }, options),
        warmups: () => clients.warmups.getWarmup({ name }, options),
        searches: () => clients.searches.getSearch({ name }, options),
        superNetworks: () => clients.superNetworks.getSuperNetwork({ name }, options),
        evaluations: () => clients.evaluations.getEvaluation({ name }, options),
        nasRuns: () => clients.nasRuns.getNasRun({ name }, options),
        trainings: () => clients.trainings.getTraining({ name }, options),
      }[collection]();
      return job.status;
    },
    close() {
      for (const client of Object.values(clients)) client.close();
    },
  };
}
