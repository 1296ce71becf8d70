import { ARTIFACTS, connectBus, ensureTopology, openObjects } from '@nss/bus';
import { TrainerServiceService } from '@nss/contracts';
import { defaultCacheDir } from '@nss/datasets';
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
import { type Leases, serveLeases } from '@nss/trainers';
import { z } from 'zod';
import { openCheckpoints } from './checkpoints.ts';
import { handlers } from './handlers.ts';
import { startTensorThread } from './tensor-thread.ts';

const configuration = z.object({
  NSS_NATS_URL: natsUrl,
  /** host:port to serve gRPC on. */
  NSS_LISTEN: listenAddress,
  /** host:port at which holders of leases reach this trainer; default: where it listens. */
  NSS_ADVERTISE: z.string().optional(),
  /** Name of this trainer in logs and reports. */
  NSS_TRAINER_ID: z.string().default(`trainer-${process.pid}`),
  /** Threads of one tensor operation; TensorFlow itself reads TF_NUM_INTRAOP_THREADS and OMP_NUM_THREADS. */
  NSS_TRAINER_THREADS: wholeNumber(1, 1024).default(1),
  /** Forces an engine; default: TensorFlow's native library where it is installed, else WebAssembly. */
  NSS_ENGINE: z.enum(['tensorflow', 'wasm'], { error: 'expected tensorflow or wasm' }).optional(),
  /** Where prepared data sets are kept. */
  NSS_CACHE_DIR: z.string().default(defaultCacheDir()),
  /** Folder or URL with data-set archives and their SHA256SUMS. */
  NSS_DATASET_MIRROR: z.string().optional(),
  /** Milliseconds that the running session gets to finish its command in after SIGTERM. */
  NSS_SHUTDOWN_GRACE_MS: wholeNumber(0, 600_000).default(10_000),
});

await runMain('supernet-trainer', async () => {
  const config = loadConfig(configuration);
  const logger = createLogger('supernet-trainer');
  const shutdown = createShutdown({ graceMs: config.NSS_SHUTDOWN_GRACE_MS + 2_000, logger });
  const telemetry = await startTelemetry('supernet-trainer');
  shutdown.register('telemetry', () => telemetry.close());

  const thread = await startTensorThread(
    {
      threads: config.NSS_TRAINER_THREADS,
      engine: config.NSS_ENGINE,
      cacheDir: config.NSS_CACHE_DIR,
      datasetMirror: config.NSS_DATASET_MIRROR,
    },
    logger,
  );
  logger.info({ engine: thread.engine.description }, 'engine open');
  if (thread.engine.warning) logger.warn(thread.engine.warning);
  shutdown.register('computing thread', () => thread.close());
  // A trainer that cannot compute is of no use to anybody: whoever watches the process starts another one.
  thread.lost.addEventListener('abort', () => {
    if (shutdown.signal.aborted) return;
    logger.fatal({ error: thread.lost.reason }, 'the computing thread died');
    process.exit(1);
  });

  const bus = await connectBus({
    url: config.NSS_NATS_URL,
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
    listen: config.NSS_LISTEN,
    services: [service(TrainerServiceService, handlers(parts, held.promise))],
    logger,
  });
  const address = config.NSS_ADVERTISE ?? server.address;
  const leases = serveLeases({ bus, trainerId: config.NSS_TRAINER_ID, address, signal: shutdown.signal, logger });
  held.resolve(leases);
  shutdown.register('leases', () => leases.done);
  shutdown.register('server', () => server.close(config.NSS_SHUTDOWN_GRACE_MS));
});
