import { context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { TracerProvider } from '@opentelemetry/sdk-trace';

export type Telemetry = {
  /** Sends what is still to be sent. */
  close(): Promise<void>;
};

/**
 * Starts tracing: every process makes trace ids, puts them into its logs and passes them on (W3C traceparent). Spans are
 * exported only where `OTEL_EXPORTER_OTLP_ENDPOINT` says where to; the standard OTEL_* variables apply then. Nothing is
 * instrumented behind the code's back: `@nss/rpc` and `@nss/bus` make the spans (docs/adr/0003-explicit-trace-propagation.md).
 */
export async function startTelemetry(
  service: string,
  env: Record<string, string | undefined> = process.env,
): Promise<Telemetry> {
  if (env.OTEL_EXPORTER_OTLP_ENDPOINT) return startExporting(service);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  // Sampled although nobody here exports: the next service may, and it follows its caller's decision.
  const provider = new TracerProvider();
  trace.setGlobalTracerProvider(provider);
  return { close: () => provider.shutdown() };
}

async function startExporting(service: string): Promise<Telemetry> {
  // Loaded only when needed: all its exporters cost every process 40 MB and 0.2 s.
  const { NodeSDK } = await import('@opentelemetry/sdk-node');
  const sdk = new NodeSDK({
    serviceName: service,
    textMapPropagator: new W3CTraceContextPropagator(),
    instrumentations: [],
    metricReaders: [],
    logRecordProcessors: [],
  });
  sdk.start();
  return { close: () => sdk.shutdown() };
}
