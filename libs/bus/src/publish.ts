import { JetStreamApiError } from '@nats-io/jetstream';
import type { Bus } from './connection.ts';
import { isSubjectFull, isTransient } from './errors.ts';
import { nextMessage } from './next-message.ts';
import { withPatience } from './retry.ts';
import { sending } from './trace.ts';

/**
 * Publishes to a stream, with the active trace context, and waits until it is stored. With a `messageId`, publishing the same
 * again within two minutes stores it once. Throws BusUnavailable.
 */
export async function publish(
  bus: Bus,
  subject: string,
  body: Uint8Array,
  { messageId }: { messageId?: string } = {},
): Promise<void> {
  await sending(subject, (headers) =>
    withPatience(bus, `publish ${subject}`, () => bus.js.publish(subject, body, { headers, msgID: messageId })),
  );
}

/** Takes what waits on a subject of a stream out of it. */
export async function unpublish(bus: Bus, stream: string, subject: string): Promise<void> {
  await withPatience(bus, `take back ${subject}`, () => deleteMessages(bus, stream, subject, Number.POSITIVE_INFINITY));
}

/** Publishes to a queue that holds one message a subject. False when there is one already: nothing was changed. */
export async function publishOnce(bus: Bus, subject: string, body: Uint8Array): Promise<boolean> {
  try {
    await publish(bus, subject, body);
    return true;
  } catch (error) {
    if (isSubjectFull(error)) return false;
    throw error;
  }
}

/**
 * Deletes the messages of a subject, or of a pattern of subjects, up to a sequence number; one by one, because a purge makes
 * consumers forget what workers hold.
 */
export async function deleteMessages(bus: Bus, stream: string, subject: string, upTo: number): Promise<void> {
  for (let seq = 1; ; seq++) {
    const message = await nextMessage(bus, stream, subject, seq);
    if (message === null || message.seq > upTo) return;
    seq = message.seq;
    // Nothing to delete if somebody else was faster.
    await bus.jsm.streams.deleteMessage(stream, seq).catch((error) => {
      if (!(error instanceof JetStreamApiError) || isTransient(error)) throw error;
    });
  }
}
