import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IMetricReader } from '@opentelemetry/sdk-metrics';
import { parseAddress } from './config.ts';
import type { Logger } from './logger.ts';

/** Metrics that wait for Prometheus. */
export type Scraped = {
  /** To be given to the provider of the meters. */
  readonly reader: IMetricReader;
  close(): Promise<void>;
};

/** Answers `GET /metrics` at host:port; port 0 takes a free one. Every line says which service it is of. Rejects when it cannot listen. */
export async function serveMetrics(listen: string, logger: Logger): Promise<Scraped> {
  const [{ PrometheusExporter }, { AggregationTemporality, InstrumentType }] = await Promise.all([
    import('@opentelemetry/exporter-prometheus'),
    import('@opentelemetry/sdk-metrics'),
  ]);
  class Exporter extends PrometheusExporter {
    /** A gauge that nobody reads any more is gone: the exporter would repeat its last value for ever. */
    override selectAggregationTemporality(instrument: string) {
      return instrument === InstrumentType.OBSERVABLE_GAUGE
        ? AggregationTemporality.DELTA
        : AggregationTemporality.CUMULATIVE;
    }
  }
  const exporter = new Exporter({
    preventServerStart: true,
    withoutScopeInfo: true,
    withResourceConstantLabels: /^service\.name$/,
  });
  const server = createServer((request, response) => {
    if (request.method === 'GET' && request.url === '/metrics')
      return exporter.getMetricsRequestHandler(request, response);
    response.writeHead(404).end();
  });
  const { host, port } = parseAddress(listen) ?? { host: '127.0.0.1', port: 0 };
  server.listen(port, host);
  await once(server, 'listening');
  const bound = server.address();
  const at = typeof bound === 'object' && bound ? bound.port : port;
  logger.info({ url: `http://${host.includes(':') ? `[${host}]` : host}:${at}/metrics` }, 'metrics are served');
  return {
    reader: exporter,
    async close() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
