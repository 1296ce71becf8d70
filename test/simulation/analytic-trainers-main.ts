import { connectBus, ensureTopology } from '@nss/bus';
import { createLogger, createShutdown, runMain } from '@nss/runtime';
import { startAnalyticTrainers } from './analytic-trainer.ts';
import { paceOf } from './pace.ts';

/*
 * Trainers that compute formulas, as a process of the embedded mesh: it takes the place of services/supernet-trainer. There are as many of
 * them in it as NSS_ANALYTIC_TRAINERS says, each with its own connection to NATS, as if they were processes. They
 * answer at once, or take the time that a device of NSS_ANALYTIC_MULTIPLY_ADDS_PER_SECOND would take.
 */

/** Connections that are opened at once. */
const BATCH = 50;

await runMain('analytic-trainers', async () => {
  const { NSS_NATS_URL: url = '', NSS_LISTEN: listen, NSS_TRAINER_ID: id = '' } = process.env;
  const { NSS_ANALYTIC_MULTIPLY_ADDS_PER_SECOND: rate } = process.env;
  const count = Number(process.env.NSS_ANALYTIC_TRAINERS ?? 1);
  const logger = createLogger('analytic-trainers');
  const shutdown = createShutdown({ graceMs: 20_000, logger });
  const connect = async (i: number) => {
    const trainerId = i === 0 ? id : `${id}-${i}`;
    const bus = await connectBus({ url, name: trainerId, logger, signal: shutdown.signal });
    shutdown.register('bus', () => bus.close());
    return { bus, trainerId };
  };
  const trainers = [await connect(0)];
  while (trainers.length < count) {
    const batch = Array.from({ length: Math.min(BATCH, count - trainers.length) }, (_, i) => trainers.length + i);
    trainers.push(...(await Promise.all(batch.map(connect))));
  }
  await ensureTopology(trainers[0].bus, { ackWaitMs: 1_000 * Number(process.env.NSS_ACK_WAIT_SECONDS ?? 30) });
  const server = await startAnalyticTrainers(trainers, logger, {
    listen,
    pace: rate ? paceOf(Number(rate)) : undefined,
  });
  shutdown.register('trainers', () => server.close());
});
