import { CHECKPOINTS, connectBus, ensureTopology, openObjects } from '@nss/bus';
import { type NasRun, NasRunServiceService, type Training, TrainingServiceService } from '@nss/contracts';
import { jobService, NAS_RUNS, openJobs, runJobs, TRAININGS } from '@nss/jobs';
import { service, startServer } from '@nss/rpc';
import {
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
import { nasRunViolations, runNasRun } from './nas-run.ts';
import { runTraining, trainingViolations } from './training.ts';

const configuration = z.object({
  NSS_NATS_URL: natsUrl,
  /** host:port to serve gRPC on. */
  NSS_LISTEN: listenAddress,
  /** Work that is lost at most when a trainer or this process dies. */
  NSS_CHECKPOINT_SECONDS: wholeNumber(0, 86_400).default(60),
  /** The same in iterations: whichever comes first. */
  NSS_CHECKPOINT_STEPS: wholeNumber(1, 1_000_000_000).default(1_000_000_000),
  /** NAS runs, and trainings, that one replica works on, or waits for a trainer for, at the same time. */
  NSS_CONCURRENCY: wholeNumber(1, 1_000).default(16),
  /** How long a worker may be silent before its jobs go to another one. */
  NSS_ACK_WAIT_SECONDS: wholeNumber(1, 3_600).default(30),
  /** Milliseconds that calls get to finish in after SIGTERM. */
  NSS_SHUTDOWN_GRACE_MS: wholeNumber(0, 600_000).default(10_000),
});

await runMain('nas-runner', async () => {
  const config = loadConfig(configuration);
  const logger = createLogger('nas-runner');
  // The process gets longer than its calls: running jobs stop first, then the server, then the rest.
  const shutdown = createShutdown({ graceMs: 2 * config.NSS_SHUTDOWN_GRACE_MS + 2_000, logger });
  const telemetry = await startTelemetry('nas-runner');
  shutdown.register('telemetry', () => telemetry.close());

  const bus = await connectBus({ url: config.NSS_NATS_URL, name: 'nas-runner', logger, signal: shutdown.signal });
  shutdown.register('bus', () => bus.close());
  await ensureTopology(bus);
  const queues = { ackWaitMs: 1_000 * config.NSS_ACK_WAIT_SECONDS };
  const [nasRuns, trainings] = await Promise.all([
    openJobs<NasRun>(bus, NAS_RUNS, queues),
    openJobs<Training>(bus, TRAININGS, queues),
  ]);
  const checkpoints = await openObjects(bus, CHECKPOINTS);

  const server = await startServer({
    listen: config.NSS_LISTEN,
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
