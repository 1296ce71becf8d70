import type { Metadata } from '@grpc/grpc-js';
import {
  type Context,
  context,
  propagation,
  SpanKind,
  SpanStatusCode,
  type TextMapGetter,
  type TextMapSetter,
  trace,
} from '@opentelemetry/api';
import { NssError } from './errors.ts';
import { rpcMetrics } from './metrics.ts';

/*
 * Trace context in gRPC metadata (W3C traceparent), by hand: see docs/adr/0003-explicit-trace-propagation.md. Span and
 * attribute names follow OpenTelemetry's semantic conventions for RPC.
 */

const tracer = trace.getTracer('@nss/rpc');

const getter: TextMapGetter<Metadata> = {
  keys: (metadata) => Object.keys(metadata.getMap()),
  get: (metadata, key) => metadata.get(key).find((value) => typeof value === 'string'),
};

const setter: TextMapSetter<Metadata> = { set: (metadata, key, value) => metadata.set(key, value) };

/** A call that runs: the context to run it in, and what to call, once, when it has ended, with the error if there is one. */
export type CallSpan = { readonly context: Context; readonly end: (error?: unknown) => void };

/** Starts the span of a call that came in, as a child of the caller's span in `metadata`. */
export function startServerSpan(path: string, metadata: Metadata): CallSpan {
  return startSpan(path, SpanKind.SERVER, propagation.extract(context.active(), metadata, getter));
}

/** Starts the span of a call that goes out, and writes it into `metadata`. */
export function startClientSpan(path: string, metadata: Metadata): CallSpan {
  const started = startSpan(path, SpanKind.CLIENT, context.active());
  propagation.inject(started.context, metadata, setter);
  return started;
}

function startSpan(path: string, kind: SpanKind.SERVER | SpanKind.CLIENT, parent: Context): CallSpan {
  const startedAt = performance.now();
  const attributes = { 'rpc.system.name': 'grpc', 'rpc.method': path.slice(1) };
  const span = tracer.startSpan(path.slice(1), { kind, attributes }, parent);
  const calls = kind === SpanKind.SERVER ? rpcMetrics.serverCalls : rpcMetrics.clientCalls;
  const end = (error?: unknown) => {
    const { codeName, message } = error === undefined ? OK : NssError.from(error);
    span.setAttribute(STATUS, codeName);
    if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message });
    span.end();
    calls.record((performance.now() - startedAt) / 1_000, { ...attributes, [STATUS]: codeName });
  };
  return { context: trace.setSpan(parent, span), end };
}

const STATUS = 'rpc.response.status_code';
const OK = { codeName: 'OK', message: '' };
