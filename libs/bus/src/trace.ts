import { headers, type MsgHdrs } from '@nats-io/transport-node';
import { type Context, context, propagation, type TextMapGetter, type TextMapSetter } from '@opentelemetry/api';

/*
 * Trace context (W3C traceparent) travels in message headers, put in and taken out by hand at the two places where messages
 * are published and consumed.
 */

/** Headers that carry the active trace context. */
export function tracedHeaders(): MsgHdrs {
  const carrier = headers();
  propagation.inject(context.active(), carrier, setter);
  return carrier;
}

/** The context that a message was published in. */
export function contextOf(carrier: MsgHdrs | undefined): Context {
  return carrier ? propagation.extract(context.active(), carrier, getter) : context.active();
}

const setter: TextMapSetter<MsgHdrs> = { set: (carrier, key, value) => carrier.set(key, value) };
const getter: TextMapGetter<MsgHdrs> = {
  get: (carrier, key) => carrier.get(key) || undefined,
  keys: (carrier) => carrier.keys(),
};
