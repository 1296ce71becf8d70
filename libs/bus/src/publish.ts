import type { Bus } from './connection.ts';
import { isSubjectFull } from './errors.ts';
import { withPatience } from './retry.ts';
import { tracedHeaders } from './trace.ts';

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
  const headers = tracedHeaders();
  await withPatience(bus, `publish ${subject}`, () => bus.js.publish(subject, body, { headers, msgID: messageId }));
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
