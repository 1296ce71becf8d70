import { FlopsEstimatorServiceService } from '@nss/contracts';
import { service, startServer } from '@nss/rpc';
import { createLogger, createShutdown, loadConfig, runMain, serverOptions, startTelemetry } from '@nss/runtime';
import { configuration } from './configuration.ts';
import { handlers } from './handlers.ts';

await runMain('flops-estimator', async () => {
  const config = loadConfig(configuration);
  const logger = createLogger('flops-estimator');
  // The process gets a little longer than its calls, to close the rest.
  const shutdown = createShutdown({ graceMs: config.NSS_SHUTDOWN_GRACE_MS + 2_000, logger });
  const telemetry = await startTelemetry('flops-estimator', { metricsListen: config.NSS_METRICS_LISTEN, logger });
  shutdown.register('telemetry', () => telemetry.close());

  const server = await startServer({
    ...serverOptions(config),
    services: [service(FlopsEstimatorServiceService, handlers)],
    logger,
  });
  shutdown.register('server', () => server.close(config.NSS_SHUTDOWN_GRACE_MS));
});
