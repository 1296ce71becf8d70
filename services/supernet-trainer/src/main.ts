import { ARTIFACTS, connectBus, ensureTopology, openObjects } from '@nss/bus';
import { TrainerServiceService } from '@nss/contracts';
import { service, startServer } from '@nss/rpc';
import {
  createLogger,
  createShutdown,
  loadConfig,
  natsOptions,
  runMain,
  serverOptions,
  startTelemetry,
} from '@nss/runtime';
import { type Leases, serveLeases } from '@nss/trainers';
import { advertisedAddress } from './advertised.ts';
import { openCheckpoints } from './checkpoints.ts';
import { configuration } from './configuration.ts';
import { handlers } from './handlers.ts';
import { trainerMetrics } from './metrics.ts';
import { startTensorThread } from './tensor-thread.ts';

await runMain('supernet-trainer', async () => {
  const config = loadConfig(configuration);
  const logger = createLogger('supernet-trainer');
  const shutdown = createShutdown({ graceMs: config.NSS_SHUTDOWN_GRACE_MS + 2_000, logger });
  const telemetry = await startTelemetry('supernet-trainer', { metricsListen: config.NSS_METRICS_LISTEN, logger });
  shutdown.register('telemetry', () => telemetry.close());

  const thread = await startTensorThread(
    {
      threads: config.NSS_TRAINER_THREADS,
      engine: config.NSS_ENGINE,
      cacheDir: config.NSS_CACHE_DIR,
      datasetMirror: config.NSS_DATASET_MIRROR,
    },
    { logger, silenceMs: 1_000 * config.NSS_COMMAND_TIMEOUT_SECONDS },
  );
  trainerMetrics.silence.observe((observe) => observe(thread.silentMs() / 1_000));
  logger.info({ engine: thread.engine.description }, 'engine open');
  if (thread.engine.warning) logger.warn(thread.engine.warning);
  shutdown.register('computing thread', () => thread.close());
  // A trainer that cannot compute is of no use to anybody: whoever watches the process starts another one.
  thread.lost.addEventListener('abort', () => {
    if (shutdown.signal.aborted) return;
    logger.fatal({ error: thread.lost.reason }, 'the computing thread is lost');
    process.exit(1);
  });

  const bus = await connectBus({
    ...natsOptions(config),
    name: config.NSS_TRAINER_ID,
    logger,
    signal: shutdown.signal,
  });
  shutdown.register('bus', () => bus.close());
  await ensureTopology(bus);

  const held = Promise.withResolvers<Leases>();
  const [checkpoints, artifacts] = await Promise.all([openCheckpoints(bus), openObjects(bus, ARTIFACTS)]);
  const parts = { trainerId: config.NSS_TRAINER_ID, thread, checkpoints, artifacts };
  const server = await startServer({
    ...serverOptions(config),
    services: [service(TrainerServiceService, handlers(parts, held.promise), { callers: 'services' })],
    logger,
  });
  const address = config.NSS_ADVERTISE ?? advertisedAddress(server.address);
  const idle = config.NSS_EXIT_AFTER_IDLE_SECONDS > 0 && {
    afterMs: 1_000 * config.NSS_EXIT_AFTER_IDLE_SECONDS,
    // As SIGTERM does: a lease that comes at this moment goes back to the queue.
    onIdle: () => void shutdown.close('no work').then(() => process.exit(0)),
  };
  const leases = serveLeases({
    bus,
    trainerId: config.NSS_TRAINER_ID,
    address,
    signal: shutdown.signal,
    logger,
    ...(idle && { idle }),
  });
  held.resolve(leases);
  shutdown.register('leases', () => leases.done);
  shutdown.register('server', () => server.close(config.NSS_SHUTDOWN_GRACE_MS));
});
