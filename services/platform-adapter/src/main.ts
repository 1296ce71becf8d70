import { CampaignServiceService, katib, pythia, SearchServiceService } from '@nss/contracts';
import { connect, service, startServer } from '@nss/rpc';
import { createLogger, createShutdown, loadConfig, runMain, startTelemetry, tlsOf } from '@nss/runtime';
import { clusterOf } from './cluster.ts';
import { configuration } from './configuration.ts';
import { earlyStoppingService } from './early-stopping.ts';
import { KATIB_HEALTH_NAME, suggestionService } from './katib.ts';
import { pythiaService } from './vizier.ts';

await runMain('platform-adapter', async () => {
  const config = loadConfig(configuration);
  const logger = createLogger('platform-adapter');
  // The process gets a little longer than its calls, to close the rest.
  const shutdown = createShutdown({ graceMs: config.NSS_SHUTDOWN_GRACE_MS + 2_000, logger });
  const telemetry = await startTelemetry('platform-adapter', { metricsListen: config.NSS_METRICS_LISTEN, logger });
  shutdown.register('telemetry', () => telemetry.close());

  const controller = config.NSS_SPACE_CONTROLLER_ADDRESS;
  const options = { tls: tlsOf(config), serverName: 'space-controller', token: config.NSS_TOKEN };
  const mesh = {
    campaigns: connect(CampaignServiceService, controller, options),
    searches: connect(SearchServiceService, controller, options),
  };
  shutdown.register('clients', () => {
    mesh.campaigns.close();
    mesh.searches.close();
  });

  const server = await startServer({
    listen: config.NSS_LISTEN,
    services: [
      service(katib.SuggestionService, suggestionService(mesh)),
      service(katib.EarlyStoppingService, earlyStoppingService(clusterOf(process.env))),
      // Vizier waits for a search.
      service(pythia.PythiaServiceService, pythiaService(mesh), { waits: true }),
    ],
    healthNames: [KATIB_HEALTH_NAME],
    // Katib sends all trials of an Experiment with every request.
    maxMessageBytes: 32 * 1024 * 1024,
    logger,
  });
  shutdown.register('server', () => server.close(config.NSS_SHUTDOWN_GRACE_MS));
});
