import type { Metadata } from '@grpc/grpc-js';
import {
  type Context,
  context,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  type TextMapGetter,
  type TextMapSetter,
  trace,
} from '@opentelemetry/api';
import { NssError } from './errors.ts';

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

/** A call's span, and the context to run it in. */
export type CallSpan = { readonly span: Span; readonly context: Context };

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

/** Ends the span of a call; `error` is what it ended with. */
export function endSpan(span: Span, error?: unknown): void {
  if (error !== undefined) {
    const { codeName, message } = NssError.from(error);
    span.setAttribute('rpc.response.status_code', codeName);
    span.setStatus({ code: SpanStatusCode.ERROR, message });
  }
  span.end();
}

function startSpan(path: string, kind: SpanKind, parent: Context): CallSpan {
  const method = path.slice(1);
  const span = tracer.startSpan(
    method,
    { kind, attributes: { 'rpc.system.name': 'grpc', 'rpc.method': method } },
    parent,
  );
  return { span, context: trace.setSpan(parent, span) };
}
