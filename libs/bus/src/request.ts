import { createInbox, errors, headers, type Msg } from '@nats-io/transport-node';
import type { Bus } from './connection.ts';
import { BusUnavailable, NoResponders } from './errors.ts';
import { withPatience } from './retry.ts';
import { receiving, sending } from './trace.ts';

/** The header in which NATS services report errors (NATS ADR-32). */
const ERROR_HEADER = 'Nats-Service-Error';

const REQUEST_TIMEOUT_MS = 5_000;

/** A subject that nobody else uses, for `onRequest`. */
export function privateSubject(): string {
  return createInbox();
}

/** Whether it is one of those: what is sent to any other subject may do anything, to the streams of the mesh as well. */
export function isPrivateSubject(subject: string): boolean {
  return /^_INBOX\.[A-Za-z0-9]{1,64}$/.test(subject);
}

/**
 * Sends a request and gives the answer. Throws NoResponders when nobody listens on the subject, BusUnavailable when nobody
 * answers in time, and an Error with the handler's text when the handler threw.
 */
export async function request(
  bus: Bus,
  subject: string,
  body: Uint8Array,
  { timeoutMs = REQUEST_TIMEOUT_MS }: { timeoutMs?: number } = {},
): Promise<Uint8Array> {
  const reply = await sending(subject, (headers) =>
    bus.nc.request(subject, body, { timeout: timeoutMs, headers }),
  ).catch((error) => {
    if (error instanceof errors.RequestError && error.isNoResponders()) {
      throw new NoResponders(`nobody listens on ${subject}`, { cause: error });
    }
    throw new BusUnavailable(`no answer on ${subject} within ${timeoutMs} ms`, { cause: error });
  });
  const failure = reply.headers?.get(ERROR_HEADER);
  if (failure) throw new Error(`the request on ${subject} failed: ${failure}`);
  return reply.data;
}

/**
 * Answers requests on a subject, each by the handler's value; an error of the handler is logged and its message sent. Resolves
 * when requests from anywhere find their way here; `stop` ends it. Throws BusUnavailable.
 */
export async function onRequest(
  bus: Bus,
  subject: string,
  handler: (body: Uint8Array) => Promise<Uint8Array>,
): Promise<{ stop(): void }> {
  const subscription = bus.nc.subscribe(subject, {
    callback: (error, message) => {
      if (error) bus.logger.error({ error, subject }, 'requests cannot be received');
      else void answer(bus, message, handler);
    },
  });
  // The client renews its subscriptions itself when the connection is back.
  await withPatience(bus, `listen on ${subject}`, () => bus.nc.flush());
  return { stop: () => subscription.unsubscribe() };
}

async function answer(bus: Bus, message: Msg, handler: (body: Uint8Array) => Promise<Uint8Array>): Promise<void> {
  try {
    message.respond(await receiving(message.subject, message.headers, () => handler(message.data)));
  } catch (error) {
    bus.logger.error({ error, subject: message.subject }, 'a request could not be answered');
    if (bus.nc.isClosed()) return;
    const failed = headers();
    // One line: a header value cannot hold more.
    failed.set(ERROR_HEADER, error instanceof Error ? error.message.replace(/\s+/g, ' ') : 'unknown error');
    message.respond(new Uint8Array(), { headers: failed });
  }
}
