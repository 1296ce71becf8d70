import { setTimeout as delay } from 'node:timers/promises';
import type { Consumer, JsMsg } from '@nats-io/jetstream';
import { millis } from '@nats-io/transport-node';
import { context } from '@opentelemetry/api';
import type { Bus } from './connection.ts';
import { withPatience } from './retry.ts';
import type { QueueName } from './topology.ts';
import { contextOf } from './trace.ts';

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
 * - `term`: the work can never be done; the message is dropped;
 * - `nakAfterMs`: another attempt by any worker, after this time;
 * - `leave`: somebody else holds the message by now; do nothing.
 */
export type Verdict = 'ack' | 'term' | 'leave' | { readonly nakAfterMs: number };

/**
 * Does one message's work. `signal` is aborted when the worker shuts down: the handler then stops soon, and whatever it throws
 * gives the message back at once. Other errors end the message if they say `retryable: false`, and give it back after a pause
 * that grows with its deliveries if not.
 */
// biome-ignore lint/suspicious/noConfusingVoidType: a handler that returns nothing is the usual one
export type Handler = (message: QueueMessage, signal: AbortSignal) => Promise<Verdict | void>;

/** Pull requests are renewed this often; the server may have forgotten one without telling. */
const PULL_EXPIRES_MS = 10_000;
const PAUSE_AFTER_ERROR_MS = 500;
const LONGEST_NAK_MS = 60_000;

/**
 * Takes messages from a queue, at most `concurrency` at a time and none in advance, and keeps each alive while its handler
 * runs. Resolves after `signal` is aborted and every handler has ended.
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
  const slot = async () => {
    while (!signal.aborted) {
      const message = await take(bus, consumer, signal);
      if (message) await handle(bus, message, handler, { keepAliveMs, signal });
    }
  };
  await Promise.all(Array.from({ length: concurrency }, slot));
}

/** The next message; undefined when there is none yet, or on shutdown. */
async function take(bus: Bus, consumer: Consumer, signal: AbortSignal): Promise<JsMsg | undefined> {
  try {
    const messages = await consumer.fetch({ max_messages: 1, expires: PULL_EXPIRES_MS });
    const stop = () => messages.stop();
    signal.addEventListener('abort', stop);
    try {
      for await (const message of messages) return message;
    } finally {
      signal.removeEventListener('abort', stop);
    }
  } catch (error) {
    if (!bus.nc.isClosed()) bus.logger.warn({ error }, 'cannot take a message from a work queue; trying again');
    await delay(PAUSE_AFTER_ERROR_MS, undefined, { signal }).catch(() => undefined);
  }
  return undefined;
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
    const verdict = await context.with(contextOf(message.headers), () =>
      handler({ subject, body, deliveries: info.deliveryCount }, signal),
    );
    answer(() => settle(message, verdict ?? 'ack'));
  } catch (error) {
    const verdict = verdictOf(error, info.deliveryCount, signal);
    if (!signal.aborted) bus.logger.error({ error, subject, verdict }, 'a message could not be handled');
    answer(() => settle(message, verdict));
  } finally {
    clearInterval(alive);
  }
}

function settle(message: JsMsg, verdict: Verdict): void {
  if (verdict === 'ack') message.ack();
  else if (verdict === 'term') message.term();
  else if (verdict !== 'leave') message.nak(verdict.nakAfterMs);
}

function verdictOf(error: unknown, deliveries: number, signal: AbortSignal): Verdict {
  if (signal.aborted) return { nakAfterMs: 0 };
  if (error instanceof Error && 'retryable' in error && error.retryable === false) return 'term';
  return { nakAfterMs: pauseMs(deliveries) };
}

/** Pause before attempt number `attempts + 1`: 1 s, 2 s, 4 s, ..., 60 s. */
export function pauseMs(attempts: number): number {
  return Math.min(1_000 * 2 ** Math.max(0, attempts - 1), LONGEST_NAK_MS);
}
