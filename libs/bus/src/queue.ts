import { setTimeout as delay } from 'node:timers/promises';
import type { Consumer, JsMsg } from '@nats-io/jetstream';
import { millis } from '@nats-io/transport-node';
import { turn } from '@nss/runtime';
import type { Bus } from './connection.ts';
import { storeDeadLetter } from './dead-letters.ts';
import { BusStoreLost, isMissing } from './errors.ts';
import { deleteMessages } from './publish.ts';
import { withPatience } from './retry.ts';
import type { QueueName } from './topology.ts';
import { receiving } from './trace.ts';

/** A message of a work queue, held by this worker until its handler has ended. */
export type QueueMessage = {
  readonly subject: string;
  readonly body: Uint8Array;
  /** 1 for the first delivery. */
  readonly deliveries: number;
};

/**
 * What becomes of a message:
 * - `ack`: the work is done (also what a handler that returns nothing means);
 * - `ackThen`: the same, and this is done as soon as the message is out of the queue;
 * - `deadLetter`: the work can never be done, for this reason; the message becomes a dead letter;
 * - `nakAfterMs`: another attempt by any worker, after this time;
 * - `leave`: somebody else holds the message by now; do nothing.
 */
export type Verdict =
  | 'ack'
  | 'leave'
  | { readonly ackThen: () => Promise<void> }
  | { readonly nakAfterMs: number }
  | { readonly deadLetter: string };

/**
 * Does one message's work. `signal` is aborted when the worker shuts down: the handler then stops soon, and whatever it throws
 * gives the message back at once. Other errors give it back after a pause that grows with its deliveries, but make it a dead letter
 * if they say `retryable: false`, or if they say nothing of the kind in ten deliveries.
 */
// biome-ignore lint/suspicious/noConfusingVoidType: a handler that returns nothing is the usual one
export type Handler = (message: QueueMessage, signal: AbortSignal) => Promise<Verdict | void>;

/** Pull requests are renewed this often; the server may have forgotten one without telling. */
const PULL_EXPIRES_MS = 10_000;
const PAUSE_AFTER_ERROR_MS = 500;
/** Between two looks for what a server that was killed has found again; the first comes when the connection is back. */
const PURGE_EVERY_MS = 30_000;
const LONGEST_NAK_MS = 60_000;
/** A message with which a handler fails so often, in a way that it does not expect itself, will not do better later. */
const MOST_FAILURES = 10;

/**
 * Takes messages from a queue, at most `concurrency` at a time and none in advance, and keeps each alive while its handler
 * runs. Resolves after `signal` is aborted and every handler has ended. Rejects with BusStoreLost when the queue is not there any
 * more: whoever starts again creates it.
 */
export async function consume(
  bus: Bus,
  queue: QueueName,
  handler: Handler,
  { concurrency = 1, signal }: { concurrency?: number; signal: AbortSignal },
): Promise<void> {
  const { stream, consumer: name } = queue;
  const consumer = await withPatience(bus, `find the consumer ${name} of ${stream}`, () =>
    bus.js.consumers.get(stream, name),
  );
  const { config } = await consumer.info(true);
  const keepAliveMs = millis(config.ack_wait ?? 0) / 3;
  const working = new Set<Promise<void>>();
  let room = Promise.withResolvers<void>();
  const work = (message: JsMsg) => {
    const done = handle(bus, message, handler, { keepAliveMs, signal }).finally(() => {
      working.delete(done);
      room.resolve();
    });
    working.add(done);
  };
  const taking = new AbortController();
  // Nobody waits for its end: it may hang on a server that is away.
  if (!queue.shared) void purgeNowAndThen(bus, queue, AbortSignal.any([signal, taking.signal]));
  try {
    while (!signal.aborted) {
      if (working.size < concurrency) {
        await take(bus, consumer, { most: concurrency - working.size, signal }, work);
        continue;
      }
      room = Promise.withResolvers();
      await room.promise;
    }
    await Promise.all(working);
  } finally {
    taking.abort();
  }
}

/**
 * Deletes what has been acknowledged and is there all the same: a server that was killed finds messages again that it had deleted, but
 * its consumer knows that they were acknowledged and never delivers them. They would stay for ever, and keep others of their
 * subjects out.
 */
export async function purgeAcknowledged(bus: Bus, { stream, consumer, subject }: QueueName): Promise<void> {
  await withPatience(bus, `clean up the queue ${consumer} of ${stream}`, async () => {
    const { ack_floor: floor } = await bus.jsm.consumers.info(stream, consumer);
    await deleteMessages(bus, stream, subject, floor.stream_seq);
  });
}

async function purgeNowAndThen(bus: Bus, queue: QueueName, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await purgeAcknowledged(bus, queue);
    } catch (error) {
      if (!bus.nc.isClosed())
        bus.logger.warn({ error, ...queue }, 'a work queue could not be cleaned up; trying again');
    }
    await bus.link.whileUp(() => delay(PURGE_EVERY_MS, undefined, { signal })).catch(() => undefined);
  }
}

/**
 * Asks for as many messages as there is room for, once for all of them, and hands each over as it comes. Returns when all have come, when
 * the request has expired, or on shutdown.
 */
async function take(
  bus: Bus,
  consumer: Consumer,
  { most, signal }: { most: number; signal: AbortSignal },
  work: (message: JsMsg) => void,
): Promise<void> {
  try {
    const messages = await consumer.fetch({ max_messages: most, expires: PULL_EXPIRES_MS });
    const stop = () => messages.stop();
    signal.addEventListener('abort', stop);
    try {
      for await (const message of messages) work(message);
    } finally {
      signal.removeEventListener('abort', stop);
    }
  } catch (error) {
    if (!bus.nc.isClosed()) bus.logger.warn({ error }, 'cannot take messages from a work queue; trying again');
    await throwIfLost(consumer, signal);
    await delay(PAUSE_AFTER_ERROR_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** The server does not tell a pull request that its consumer is gone; only asking for it does. */
async function throwIfLost(consumer: Consumer, signal: AbortSignal): Promise<void> {
  try {
    await consumer.info();
  } catch (error) {
    if (isMissing(error) && !signal.aborted) throw new BusStoreLost('take messages from a work queue', error);
  }
}

async function handle(
  bus: Bus,
  message: JsMsg,
  handler: Handler,
  { keepAliveMs, signal }: { keepAliveMs: number; signal: AbortSignal },
): Promise<void> {
  // Answers on a closed connection throw; the message is redelivered then, as after a crash.
  const answer = (send: () => void) => {
    if (!bus.nc.isClosed()) send();
  };
  const alive = setInterval(() => answer(() => message.working()), keepAliveMs);
  const { subject, data: body, info } = message;
  try {
    // Hundreds may come at once.
    await turn();
    const verdict = await receiving(subject, message.headers, () =>
      handler({ subject, body, deliveries: info.deliveryCount }, signal),
    );
    await settle(bus, message, verdict ?? 'ack', answer);
  } catch (error) {
    const verdict = verdictOf(error, info.deliveryCount, signal);
    if (!signal.aborted) bus.logger.error({ error, subject, verdict }, 'a message could not be handled');
    await settle(bus, message, verdict, answer).catch((failure) => {
      // Redelivered when the ack wait is over, to end the same way.
      bus.logger.error({ error: failure, subject }, 'a dead letter could not be stored');
    });
  } finally {
    clearInterval(alive);
  }
}

async function settle(bus: Bus, message: JsMsg, verdict: Verdict, answer: (send: () => void) => void): Promise<void> {
  if (verdict === 'leave') return;
  if (verdict === 'ack') return answer(() => message.ack());
  if ('ackThen' in verdict) {
    // Unanswered, the message comes again when the ack wait is over.
    const gone = !bus.nc.isClosed() && (await message.ackAck().catch(() => false));
    if (!gone) return;
    return verdict.ackThen().catch((error) => {
      bus.logger.warn({ error, subject: message.subject }, 'what follows an acknowledgement could not be done');
    });
  }
  if ('nakAfterMs' in verdict) return answer(() => message.nak(verdict.nakAfterMs));
  // Stored before it leaves the queue: a message is in one of the two at every moment.
  await storeDeadLetter(bus, message, verdict.deadLetter);
  bus.logger.error({ subject: message.subject, reason: verdict.deadLetter }, 'a message is a dead letter now');
  answer(() => message.term());
}

function verdictOf(error: unknown, deliveries: number, signal: AbortSignal): Verdict {
  if (signal.aborted) return { nakAfterMs: 0 };
  const retryable = error instanceof Error && 'retryable' in error ? error.retryable : undefined;
  if (retryable === false || (retryable === undefined && deliveries >= MOST_FAILURES)) {
    return { deadLetter: error instanceof Error ? `${error.name}: ${error.message}` : String(error) };
  }
  return { nakAfterMs: pauseMs(deliveries) };
}

/** Pause before attempt number `attempts + 1`: 1 s, 2 s, 4 s, ..., 60 s. */
export function pauseMs(attempts: number): number {
  return Math.min(1_000 * 2 ** Math.max(0, attempts - 1), LONGEST_NAK_MS);
}
