import { ARTIFACTS, CHECKPOINTS, connectBus, ensureTopology, openObjects } from '@nss/bus';
import {
  type Campaign,
  CampaignServiceService,
  type CertifySpaceRequest,
  FlopsEstimatorServiceService,
  type Search,
  SearchServiceService,
  type Warmup,
  WarmupServiceService,
} from '@nss/contracts';
import { CAMPAIGNS, jobService, openJobs, runJobs, SEARCHES, WARMUPS } from '@nss/jobs';
import { connect, service, startServer } from '@nss/rpc';
import {
  address,
  createLogger,
  createShutdown,
  listenAddress,
  loadConfig,
  natsUrl,
  runMain,
  startTelemetry,
  wholeNumber,
} from '@nss/runtime';
import { z } from 'zod';
import manifest from '../package.json' with { type: 'json' };
import { readArtifact } from './artifacts.ts';
import { runCampaign } from './campaign.ts';
import { campaignService } from './campaign-service.ts';
import { connectJobApis } from './child-jobs.ts';
import { runSearchJob, searchViolations } from './search.ts';
import { runWarmup, warmupViolations } from './warmup.ts';

const configuration = z.object({
  NSS_NATS_URL: natsUrl,
  /** host:port to serve gRPC on. */
  NSS_LISTEN: listenAddress,
  /** Where campaigns create their jobs; the controller's own kinds at any of its replicas. */
  NSS_SPACE_CONTROLLER_ADDRESS: address,
  NSS_EVALUATOR_ADDRESS: address,
  NSS_NAS_RUNNER_ADDRESS: address,
  NSS_FLOPS_ESTIMATOR_ADDRESS: address,
  /** Work that is lost at most when a trainer or this process dies. */
  NSS_CHECKPOINT_SECONDS: wholeNumber(0, 86_400).default(60),
  /** The same in iterations: whichever comes first. */
  NSS_CHECKPOINT_STEPS: wholeNumber(1, 1_000_000_000).default(1_000_000_000),
  /** Campaigns, and warmups and searches, that one replica works on at the same time. */
  NSS_CONCURRENCY: wholeNumber(1, 1_000).default(16),
  /** How long a worker may be silent before its jobs go to another one. */
  NSS_ACK_WAIT_SECONDS: wholeNumber(1, 3_600).default(30),
  /** Milliseconds that calls get to finish in after SIGTERM. */
  NSS_SHUTDOWN_GRACE_MS: wholeNumber(0, 600_000).default(10_000),
  /** Commit of this software, for reports. */
  NSS_COMMIT: z.string().optional(),
});

await runMain('space-controller', async () => {
  const config = loadConfig(configuration);
  const logger = createLogger('space-controller');
  // The process gets longer than its calls: running jobs stop first, then the server, then the rest.
  const shutdown = createShutdown({ graceMs: 2 * config.NSS_SHUTDOWN_GRACE_MS + 2_000, logger });
  const telemetry = await startTelemetry('space-controller');
  shutdown.register('telemetry', () => telemetry.close());

  const bus = await connectBus({ url: config.NSS_NATS_URL, name: 'space-controller', logger, signal: shutdown.signal });
  shutdown.register('bus', () => bus.close());
  await ensureTopology(bus);
  const queues = { ackWaitMs: 1_000 * config.NSS_ACK_WAIT_SECONDS };
  const [campaigns, warmups, searches] = await Promise.all([
    openJobs<Campaign>(bus, CAMPAIGNS, queues),
    openJobs<Warmup>(bus, WARMUPS, queues),
    openJobs<Search>(bus, SEARCHES, queues),
  ]);
  const [artifacts, checkpoints] = await Promise.all([openObjects(bus, ARTIFACTS), openObjects(bus, CHECKPOINTS)]);

  const apis = connectJobApis({
    spaceController: config.NSS_SPACE_CONTROLLER_ADDRESS,
    evaluator: config.NSS_EVALUATOR_ADDRESS,
    nasRunner: config.NSS_NAS_RUNNER_ADDRESS,
  });
  const flopsEstimator = connect(FlopsEstimatorServiceService, config.NSS_FLOPS_ESTIMATOR_ADDRESS, {
    // Stateless: a call may be repeated as often as it takes to find a replica.
    idempotent: true,
  });
  shutdown.register('clients', () => {
    apis.close();
    flopsEstimator.close();
  });

  const server = await startServer({
    listen: config.NSS_LISTEN,
    services: [
      service(CampaignServiceService, { ...campaignService(campaigns, apis), readArtifact: readArtifact(artifacts) }),
      service(WarmupServiceService, jobService<typeof WarmupServiceService, Warmup>(warmups, warmupViolations)),
      service(SearchServiceService, jobService<typeof SearchServiceService, Search>(searches, searchViolations)),
    ],
    logger,
  });
  shutdown.register('server', () => server.close(config.NSS_SHUTDOWN_GRACE_MS));

  const trainerTools = {
    bus,
    checkpoints,
    checkpointEveryMs: 1_000 * config.NSS_CHECKPOINT_SECONDS,
    checkpointEverySteps: config.NSS_CHECKPOINT_STEPS,
  };
  const searchTools = {
    ...trainerTools,
    findWarmup: (name: string) => warmups.get(name),
    certify: (request: CertifySpaceRequest, signal: AbortSignal) => flopsEstimator.certifySpace(request, { signal }),
  };
  const source = { artifacts, version: manifest.version, commit: config.NSS_COMMIT };
  const running = { concurrency: config.NSS_CONCURRENCY, logger, signal: shutdown.signal };
  const jobs = Promise.all([
    runJobs({ ...running, jobs: campaigns, run: (job) => runCampaign(job, { apis, source }) }),
    runJobs({ ...running, jobs: warmups, run: (job) => runWarmup(job, trainerTools) }),
    runJobs({ ...running, jobs: searches, run: (job) => runSearchJob(job, searchTools) }),
  ]);
  shutdown.register('jobs', () => jobs);
});
