import {
  ARTIFACTS,
  CHECKPOINTS,
  connectBus,
  ensureTopology,
  LEASE_QUEUE,
  observeDeadLetters,
  observeQueue,
  openObjects,
} from '@nss/bus';
import {
  type Campaign,
  CampaignServiceService,
  type CertifySpaceRequest,
  DeadLetterServiceService,
  FlopsEstimatorServiceService,
  type Search,
  SearchServiceService,
  type Warmup,
  WarmupServiceService,
} from '@nss/contracts';
import { CAMPAIGNS, jobService, openJobs, runJobs, SEARCHES, WARMUPS } from '@nss/jobs';
import { connect, service, startServer } from '@nss/rpc';
import {
  createLogger,
  createShutdown,
  loadConfig,
  natsOptions,
  runMain,
  serverOptions,
  startTelemetry,
  tlsOf,
} from '@nss/runtime';
import manifest from '../package.json' with { type: 'json' };
import { readArtifact } from './artifacts.ts';
import { runCampaign } from './campaign.ts';
import { campaignService } from './campaign-service.ts';
import { connectJobApis } from './child-jobs.ts';
import { configuration } from './configuration.ts';
import { deadLetterService } from './dead-letters.ts';
import { startReportThread } from './report-thread.ts';
import { runSearchJob, searchViolations } from './search.ts';
import { runWarmup, warmupViolations } from './warmup.ts';

await runMain('space-controller', async () => {
  const config = loadConfig(configuration);
  const serving = serverOptions(config);
  const logger = createLogger('space-controller');
  // The process gets longer than its calls: running jobs stop first, then the server, then the rest.
  const shutdown = createShutdown({ graceMs: 2 * config.NSS_SHUTDOWN_GRACE_MS + 2_000, logger });
  const telemetry = await startTelemetry('space-controller', { metricsListen: config.NSS_METRICS_LISTEN, logger });
  shutdown.register('telemetry', () => telemetry.close());

  const bus = await connectBus({ ...natsOptions(config), name: 'space-controller', logger, signal: shutdown.signal });
  shutdown.register('bus', () => bus.close());
  await ensureTopology(bus);
  // Shown here because a controller always runs; trainers come and go with the queue.
  observeQueue(bus, LEASE_QUEUE);
  observeDeadLetters(bus);
  const opening = { ackWaitMs: 1_000 * config.NSS_ACK_WAIT_SECONDS, quotas: serving.quotas };
  const [campaigns, warmups, searches] = await Promise.all([
    openJobs<Campaign>(bus, CAMPAIGNS, opening),
    openJobs<Warmup>(bus, WARMUPS, opening),
    openJobs<Search>(bus, SEARCHES, opening),
  ]);
  const [artifacts, checkpoints] = await Promise.all([openObjects(bus, ARTIFACTS), openObjects(bus, CHECKPOINTS)]);

  const tls = tlsOf(config);
  const apis = connectJobApis(
    {
      spaceController: config.NSS_SPACE_CONTROLLER_ADDRESS,
      evaluator: config.NSS_EVALUATOR_ADDRESS,
      nasRunner: config.NSS_NAS_RUNNER_ADDRESS,
    },
    tls,
  );
  const flopsEstimator = connect(FlopsEstimatorServiceService, config.NSS_FLOPS_ESTIMATOR_ADDRESS, {
    // Stateless: a call may be repeated as often as it takes to find a replica.
    idempotent: true,
    tls,
    serverName: 'flops-estimator',
  });
  shutdown.register('clients', () => {
    apis.close();
    flopsEstimator.close();
  });

  const server = await startServer({
    ...serving,
    services: [
      service(CampaignServiceService, {
        ...campaignService(campaigns, apis.of),
        readArtifact: readArtifact(artifacts),
      }),
      // They hold messages of every tenant.
      service(DeadLetterServiceService, deadLetterService(bus), { callers: 'operators' }),
      service(WarmupServiceService, jobService<typeof WarmupServiceService, Warmup>(warmups, warmupViolations)),
      service(SearchServiceService, jobService<typeof SearchServiceService, Search>(searches, searchViolations)),
    ],
    logger,
  });
  shutdown.register('server', () => server.close(config.NSS_SHUTDOWN_GRACE_MS));

  const trainerTools = {
    bus,
    tls,
    checkpoints,
    checkpointEveryMs: 1_000 * config.NSS_CHECKPOINT_SECONDS,
    checkpointEverySteps: config.NSS_CHECKPOINT_STEPS,
  };
  const searchTools = {
    ...trainerTools,
    findWarmup: (name: string, tenant: string) => warmups.of(tenant).get(name),
    certify: (request: CertifySpaceRequest, signal: AbortSignal) => flopsEstimator.certifySpace(request, { signal }),
  };
  const reports = startReportThread(artifacts);
  shutdown.register('reports', () => reports.close());
  const source = { version: manifest.version, commit: config.NSS_COMMIT };
  const running = { concurrency: config.NSS_CONCURRENCY, logger, signal: shutdown.signal };
  const jobs = Promise.all([
    runJobs({
      ...running,
      jobs: campaigns,
      run: (job) => runCampaign(job, { apis: apis.of(job.tenant), reports, source }),
    }),
    runJobs({ ...running, jobs: warmups, run: (job) => runWarmup(job, trainerTools) }),
    runJobs({ ...running, jobs: searches, run: (job) => runSearchJob(job, searchTools) }),
  ]);
  shutdown.register('jobs', () => jobs);
});
