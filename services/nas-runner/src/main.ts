import { CHECKPOINTS, connectBus, ensureTopology, openObjects } from '@nss/bus';
import { type NasRun, NasRunServiceService, type Training, TrainingServiceService } from '@nss/contracts';
import { jobService, NAS_RUNS, openJobs, runJobs, TRAININGS } from '@nss/jobs';
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
import { configuration } from './configuration.ts';
import { nasRunViolations, runNasRun } from './nas-run.ts';
import { runTraining, trainingViolations } from './training.ts';

await runMain('nas-runner', async () => {
  const config = loadConfig(configuration);
  const serving = serverOptions(config);
  const logger = createLogger('nas-runner');
  // The process gets longer than its calls: running jobs stop first, then the server, then the rest.
  const shutdown = createShutdown({ graceMs: 2 * config.NSS_SHUTDOWN_GRACE_MS + 2_000, logger });
  const telemetry = await startTelemetry('nas-runner', { metricsListen: config.NSS_METRICS_LISTEN, logger });
  shutdown.register('telemetry', () => telemetry.close());

  const bus = await connectBus({ ...natsOptions(config), name: 'nas-runner', logger, signal: shutdown.signal });
  shutdown.register('bus', () => bus.close());
  await ensureTopology(bus);
  const opening = { ackWaitMs: 1_000 * config.NSS_ACK_WAIT_SECONDS, quotas: serving.quotas };
  const [nasRuns, trainings] = await Promise.all([
    openJobs<NasRun>(bus, NAS_RUNS, opening),
    openJobs<Training>(bus, TRAININGS, opening),
  ]);
  const checkpoints = await openObjects(bus, CHECKPOINTS);

  const server = await startServer({
    ...serving,
    services: [
      service(NasRunServiceService, jobService<typeof NasRunServiceService, NasRun>(nasRuns, nasRunViolations)),
      service(
        TrainingServiceService,
        jobService<typeof TrainingServiceService, Training>(trainings, trainingViolations),
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
  const running = { concurrency: config.NSS_CONCURRENCY, logger, signal: shutdown.signal };
  const jobs = Promise.all([
    runJobs({ ...running, jobs: nasRuns, run: (job) => runNasRun(job, tools) }),
    runJobs({ ...running, jobs: trainings, run: (job) => runTraining(job, tools) }),
  ]);
  shutdown.register('jobs', () => jobs);
});
