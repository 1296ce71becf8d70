import { cloudEventQueue, connectBus, consume, ensureQueue, ensureTopology } from '@nss/bus';
import { createLogger, createShutdown, loadConfig, natsOptions, runMain, startTelemetry } from '@nss/runtime';
import { configuration } from './configuration.ts';
import { deliver } from './deliver.ts';
import { readWebhooks } from './webhooks-file.ts';

/** Events of one webhook on their way at the same time, at most. */
const CONCURRENCY = 4;

await runMain('webhooks', async () => {
  const config = loadConfig(configuration);
  const webhooks = await readWebhooks(config.NSS_WEBHOOKS_FILE);
  const logger = createLogger('webhooks');
  const shutdown = createShutdown({ graceMs: config.NSS_SHUTDOWN_GRACE_MS + 2_000, logger });
  const telemetry = await startTelemetry('webhooks', { metricsListen: config.NSS_METRICS_LISTEN, logger });
  shutdown.register('telemetry', () => telemetry.close());

  const bus = await connectBus({ ...natsOptions(config), name: 'webhooks', logger, signal: shutdown.signal });
  shutdown.register('bus', () => bus.close());
  await ensureTopology(bus);
  const queues = webhooks.map(
    (webhook) => [webhook, cloudEventQueue(`webhook-${webhook.name}`, webhook.tenant)] as const,
  );
  for (const [, queue] of queues) await ensureQueue(bus, queue);

  const delivering = Promise.all(
    queues.map(([webhook, queue]) =>
      consume(bus, queue, (message, signal) => deliver(webhook, message, { signal, logger }), {
        concurrency: CONCURRENCY,
        signal: shutdown.signal,
      }),
    ),
  );
  shutdown.register('deliveries', () => delivering);
  logger.info({ webhooks: webhooks.map(({ name }) => name) }, 'listening');
});
