import { context, metrics, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import type { Logger } from './logger.ts';
import type { Scraped } from './scrape.ts';

export type Telemetry = {
  /** Sends what is still to be sent. */
  close(): Promise<void>;
};

export type TelemetryOptions = {
  /** host:port at which Prometheus finds the metrics of this process; nowhere when left out. */
  readonly metricsListen?: string;
  readonly logger: Logger;
  readonly env?: Record<string, string | undefined>;
};

/**
 * Starts telemetry: every process makes trace ids, puts them into its logs and passes them on (W3C traceparent). Spans are
 * exported only where `OTEL_EXPORTER_OTLP_ENDPOINT` says where to; the standard OTEL_* variables apply then. Metrics are served for
 * Prometheus at `metricsListen`, or else exported with the spans. Nothing is instrumented behind the code's back: whoever sends,
 * receives or works makes the spans and records the metrics (docs/adr/0003-explicit-trace-propagation.md).
 */
export async function startTelemetry(
  service: string,
  { metricsListen, logger, env = process.env }: TelemetryOptions,
): Promise<Telemetry> {
  // Loaded only when needed, like the exporters below: they cost every process 40 MB and 0.2 s.
  const scraped = metricsListen ? await (await import('./scrape.ts')).serveMetrics(metricsListen, logger) : undefined;
  const providers = env.OTEL_EXPORTER_OTLP_ENDPOINT
    ? await startExporting(service, scraped)
    : await startLocally(service, scraped);
  return {
    async close() {
      await scraped?.close();
      await providers.close();
    },
  };
}

/**
 * Runs the work of a program that people start in a trace of its own, which what it calls belongs to; exported where
 * `OTEL_EXPORTER_OTLP_ENDPOINT` says. Without that there is no trace, and nothing is loaded for one.
 */
export async function inTraceOf<T>(program: string, command: string, work: () => Promise<T>): Promise<T> {
  if (!process.env.OTEL_EXPORTER_OTLP_ENDPOINT) return work();
  const { close } = await startExporting(program, undefined);
  try {
    return await trace.getTracer('@nss/runtime').startActiveSpan(`${program} ${command}`, async (span) => {
      try {
        return await work();
      } finally {
        span.end();
      }
    });
  } finally {
    await close();
  }
}

async function startLocally(service: string, scraped: Scraped | undefined): Promise<Telemetry> {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  // Sampled although nobody here exports: the next service may, and it follows its caller's decision.
  const tracers = new TracerProvider();
  trace.setGlobalTracerProvider(tracers);
  const meters = scraped && (await metersOf(service, scraped));
  return { close: async () => void (await Promise.all([tracers.shutdown(), meters?.shutdown()])) };
}

async function metersOf(service: string, { reader }: Scraped) {
  const [{ MeterProvider }, { resourceFromAttributes }] = await Promise.all([
    import('@opentelemetry/sdk-metrics'),
    import('@opentelemetry/resources'),
  ]);
  const resource = resourceFromAttributes({ 'service.name': service });
  const provider = new MeterProvider({ resource, readers: [reader] });
  metrics.setGlobalMeterProvider(provider);
  return provider;
}

async function startExporting(service: string, scraped: Scraped | undefined): Promise<Telemetry> {
  const { NodeSDK } = await import('@opentelemetry/sdk-node');
  const sdk = new NodeSDK({
    serviceName: service,
    textMapPropagator: new W3CTraceContextPropagator(),
    instrumentations: [],
    // Without readers, the SDK exports metrics where OTEL_METRICS_EXPORTER says.
    ...(scraped && { metricReaders: [scraped.reader] }),
    logRecordProcessors: [],
  });
  sdk.start();
  return { close: () => sdk.shutdown() };
}
