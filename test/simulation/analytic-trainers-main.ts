import { type Bus, connectBus, ensureTopology } from '@nss/bus';
import { createLogger, createShutdown, runMain } from '@nss/runtime';
import { startAnalyticTrainer } from './analytic-trainer.ts';

/*
 * Trainers that compute formulas, as a process of the embedded mesh: it takes the place of services/supernet-trainer. There are as many of
 * them in it as NSS_ANALYTIC_TRAINERS says, each with its own server and its own connection to NATS, as if they were processes.
 */

/** Connections that are opened at once. */
const BATCH = 50;

await runMain('analytic-trainers', async () => {
  const { NSS_NATS_URL: url = '', NSS_LISTEN: listen, NSS_TRAINER_ID: id = '' } = process.env;
  const count = Number(process.env.NSS_ANALYTIC_TRAINERS ?? 1);
  const logger = createLogger('analytic-trainers');
  const shutdown = createShutdown({ graceMs: 20_000, logger });
  const connect = async (name: string): Promise<Bus> => {
    const bus = await connectBus({ url, name, logger, signal: shutdown.signal });
    shutdown.register('bus', () => bus.close());
    return bus;
  };
  const start = async (bus: Bus, trainerId: string, address?: string) => {
    const trainer = await startAnalyticTrainer(bus, trainerId, logger, address);
    shutdown.register('trainer', () => trainer.close());
  };
  const bus = await connect(id);
  await ensureTopology(bus, { ackWaitMs: 1_000 * Number(process.env.NSS_ACK_WAIT_SECONDS ?? 30) });
  for (let from = 1; from < count; from += BATCH) {
    const names = Array.from({ length: Math.min(BATCH, count - from) }, (_, i) => `${id}-${from + i}`);
    await Promise.all(names.map(async (name) => start(await connect(name), name)));
  }
  // Last, because whoever waits for the process asks this one.
  await start(bus, id, listen);
});
