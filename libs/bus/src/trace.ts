import { headers, type MsgHdrs } from '@nats-io/transport-node';
import {
  context,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  type TextMapGetter,
  type TextMapSetter,
  trace,
} from '@opentelemetry/api';

/*
 * Trace context (W3C traceparent) travels in message headers, put in and taken out by hand at the places where messages are sent and
 * received (docs/adr/0003-explicit-trace-propagation.md). Attribute names follow OpenTelemetry's conventions for messaging.
 */

const tracer = trace.getTracer('@nss/bus');

/** Sends a message, in a span of its own, with headers that carry it. What belongs to no trace, as housekeeping does, makes no span. */
export function sending<T>(subject: string, send: (carrier: MsgHdrs) => Promise<T>): Promise<T> {
  const carrier = headers();
  if (!trace.getActiveSpan()) return send(carrier);
  const options = { kind: SpanKind.PRODUCER, attributes: attributesOf(subject, 'send') };
  return tracer.startActiveSpan('send message', options, (span) => {
    propagation.inject(context.active(), carrier, setter);
    return ending(span, () => send(carrier));
  });
}

/** Handles a message in a span that belongs to the trace of its sender. */
export function receiving<T>(subject: string, carrier: MsgHdrs | undefined, handle: () => Promise<T>): Promise<T> {
  const sender = carrier ? propagation.extract(context.active(), carrier, getter) : context.active();
  const options = { kind: SpanKind.CONSUMER, attributes: attributesOf(subject, 'process') };
  return tracer.startActiveSpan('process message', options, sender, (span) => ending(span, handle));
}

async function ending<T>(span: Span, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.name : String(error) });
    throw error;
  } finally {
    span.end();
  }
}

function attributesOf(subject: string, operation: 'send' | 'process') {
  return {
    'messaging.system': 'nats',
    'messaging.operation.type': operation,
    'messaging.destination.name': subject,
  };
}

const setter: TextMapSetter<MsgHdrs> = { set: (carrier, key, value) => carrier.set(key, value) };
const getter: TextMapGetter<MsgHdrs> = {
  get: (carrier, key) => carrier.get(key) || undefined,
  keys: (carrier) => carrier.keys(),
};
