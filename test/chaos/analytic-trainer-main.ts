import { connectBus, ensureTopology } from '@nss/bus';
import { createLogger, createShutdown, runMain } from '@nss/runtime';
import { startAnalyticTrainer } from '../analytic-trainer-server.ts';

/* A trainer that computes formulas, as a process of the embedded mesh: it takes the place of services/supernet-trainer. */

await runMain('analytic-trainer', async () => {
  const { NSS_NATS_URL: url = '', NSS_LISTEN: listen, NSS_TRAINER_ID: trainerId = '' } = process.env;
  const logger = createLogger('analytic-trainer');
  const shutdown = createShutdown({ graceMs: 20_000, logger });
  const bus = await connectBus({ url, name: trainerId, logger, signal: shutdown.signal });
  shutdown.register('bus', () => bus.close());
  await ensureTopology(bus, { ackWaitMs: 1_000 * Number(process.env.NSS_ACK_WAIT_SECONDS ?? 30) });
  const trainer = await startAnalyticTrainer(bus, trainerId, logger, listen);
  shutdown.register('trainer', () => trainer.close());
});
