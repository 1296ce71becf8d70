import { CHECKPOINTS, connectBus, ensureTopology, openObjects } from '@nss/bus';
import {
  type Evaluation,
  EvaluationServiceService,
  type SuperNetwork,
  SuperNetworkServiceService,
} from '@nss/contracts';
import { EVALUATIONS, jobService, openJobs, runJobs, SUPER_NETWORKS } from '@nss/jobs';
import { service, startServer } from '@nss/rpc';
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
import { startComparisonThread } from './comparison-thread.ts';
import { configuration } from './configuration.ts';
import { evaluationViolations, runEvaluation } from './evaluation.ts';
import { runSuperNetwork, superNetworkViolations } from './super-network.ts';

await runMain('evaluator', async () => {
  const config = loadConfig(configuration);
  const serving = serverOptions(config);
  const logger = createLogger('evaluator');
  // The process gets longer than its calls: running jobs stop first, then the server, then the rest.
  const shutdown = createShutdown({ graceMs: 2 * config.NSS_SHUTDOWN_GRACE_MS + 2_000, logger });
  const telemetry = await startTelemetry('evaluator', { metricsListen: config.NSS_METRICS_LISTEN, logger });
  shutdown.register('telemetry', () => telemetry.close());

  const bus = await connectBus({ ...natsOptions(config), name: 'evaluator', logger, signal: shutdown.signal });
  shutdown.register('bus', () => bus.close());
  await ensureTopology(bus);
  const opening = { ackWaitMs: 1_000 * config.NSS_ACK_WAIT_SECONDS, quotas: serving.quotas };
  const [superNetworks, evaluations] = await Promise.all([
    openJobs<SuperNetwork>(bus, SUPER_NETWORKS, opening),
    openJobs<Evaluation>(bus, EVALUATIONS, opening),
  ]);
  const checkpoints = await openObjects(bus, CHECKPOINTS);

  const server = await startServer({
    ...serving,
    services: [
      service(
        SuperNetworkServiceService,
        jobService<typeof SuperNetworkServiceService, SuperNetwork>(superNetworks, superNetworkViolations),
      ),
      service(
        EvaluationServiceService,
        jobService<typeof EvaluationServiceService, Evaluation>(evaluations, evaluationViolations),
      ),
    ],
    logger,
  });
  shutdown.register('server', () => server.close(config.NSS_SHUTDOWN_GRACE_MS));

  const tools = {
    bus,
    tls: tlsOf(config),
    checkpoints,
    checkpointEveryMs: 1_000 * config.NSS_CHECKPOINT_SECONDS,
    checkpointEverySteps: config.NSS_CHECKPOINT_STEPS,
  };
  const comparisons = startComparisonThread();
  shutdown.register('comparisons', () => comparisons.close());
  const evaluationTools = {
    ...tools,
    comparisons,
    findSuperNetwork: (name: string, tenant: string) => superNetworks.of(tenant).get(name),
  };
  const running = { concurrency: config.NSS_CONCURRENCY, logger, signal: shutdown.signal };
  const jobs = Promise.all([
    runJobs({ ...running, jobs: superNetworks, run: (job) => runSuperNetwork(job, tools) }),
    runJobs({ ...running, jobs: evaluations, run: (job) => runEvaluation(job, evaluationTools) }),
  ]);
  shutdown.register('jobs', () => jobs);
});
