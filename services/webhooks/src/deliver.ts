import type { QueueMessage, Verdict } from '@nss/bus';
import type { Logger } from '@nss/runtime';
import { Webhook as Signer } from 'standardwebhooks';
import { type ReadEvent, readEvent } from './cloud-event.ts';
import type { Webhook } from './webhooks-file.ts';

/** How long a receiver may take to answer. */
const TIMEOUT_MS = 15_000;

/** "Gone": the receiver wants nothing any more. */
const GONE = 410;

/**
 * Posts a CloudEvent, signed as Standard Webhooks says, to who asked for events of its kind. An answer of 2xx is an acknowledgement. Whatever
 * else comes of it is followed by another attempt after the webhook's pause, until there is none left or the receiver says that it is
 * gone: then the event is a dead letter. So is, at once, what is no CloudEvent of the webhook's tenant. Receivers may get an event twice, with the same `webhook-id`.
 */
export async function deliver(
  webhook: Webhook,
  { subject, body, deliveries }: QueueMessage,
  { signal, logger }: { signal: AbortSignal; logger: Logger },
): Promise<Verdict> {
  if (!wants(webhook, subject)) return 'ack';
  const event = readEvent(body, webhook.tenant);
  // It will be no better later.
  if ('fault' in event) return { deadLetter: `webhook ${webhook.name}: nothing to deliver: ${event.fault}` };
  const outcome = await post(webhook, event, signal);
  if (outcome === 'delivered') return 'ack';
  const { why, gone } = outcome;
  const pauseSeconds = gone ? undefined : webhook.pausesSeconds[deliveries - 1];
  logger.warn({ webhook: webhook.name, subject, deliveries, why, pauseSeconds }, 'an event could not be delivered');
  if (pauseSeconds !== undefined) return { nakAfterMs: 1_000 * pauseSeconds };
  return { deadLetter: `webhook ${webhook.name}: ${why} (attempt ${deliveries})` };
}

/** Whether a webhook asked for the event on this subject. */
function wants({ events }: Webhook, subject: string): boolean {
  const [collection, , participle] = subject.split('.').slice(-3);
  return events.some((event) => {
    const [wantedCollection, wantedParticiple] = event.split('.');
    return [collection, '*'].includes(wantedCollection) && [participle, '*'].includes(wantedParticiple);
  });
}

type Failure = { readonly why: string; readonly gone: boolean };

async function post(
  { url, secret }: Webhook,
  { id, json: body }: ReadEvent,
  signal: AbortSignal,
): Promise<'delivered' | Failure> {
  const now = new Date();
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/cloudevents+json; charset=utf-8',
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
        'webhook-signature': new Signer(secret).sign(id, now, body),
      },
      body,
      // Who moves says so to whoever wrote the file: a redirect would carry events to places that nobody has allowed.
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    // What else it says is of no interest; unread it would hold the connection.
    await response.body?.cancel();
    const { ok, status } = response;
    return ok ? 'delivered' : { why: `the receiver answered ${status}`, gone: status === GONE };
  } catch (error) {
    signal.throwIfAborted();
    const { message, cause } = error as Error;
    return { why: cause instanceof Error ? `${message}: ${cause.message}` : message, gone: false };
  }
}
