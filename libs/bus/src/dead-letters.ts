import { JetStreamApiError, type JsMsg } from '@nats-io/jetstream';
import { headers } from '@nats-io/transport-node';
import type { Bus } from './connection.ts';
import { publish } from './publish.ts';
import { withPatience } from './retry.ts';
import { DEAD_LETTERS, deadSubject } from './topology.ts';

/*
 * Where messages go that nobody could handle: each with the reason, and with what it takes to send it again once the cause is
 * mended. They are kept for 30 days.
 */

/** A message that nobody could handle. */
export type DeadLetter = {
  /** Its number, for `resendDeadLetter`. */
  readonly number: number;
  /** The subject that it was published on. */
  readonly subject: string;
  /** Why it could not be handled, for people. */
  readonly reason: string;
  /** How often it was delivered before. */
  readonly deliveries: number;
  readonly time: Date;
  readonly body: Uint8Array;
};

const SUBJECT = 'Nss-Subject';
const REASON = 'Nss-Reason';
const DELIVERIES = 'Nss-Deliveries';
/** JetStream's code for a message that is not there. */
const NO_MESSAGE = 10037;

/** Stores a message as a dead letter, once however often this is called. The message itself stays in its queue. */
export async function storeDeadLetter(bus: Bus, message: JsMsg, reason: string): Promise<void> {
  const { stream, streamSequence, deliveryCount } = message.info;
  const told = headers();
  told.set(SUBJECT, message.subject);
  // One line: a header value cannot hold more.
  told.set(REASON, reason.replace(/\s+/g, ' '));
  told.set(DELIVERIES, String(deliveryCount));
  await withPatience(bus, `store a dead letter of ${message.subject}`, () =>
    bus.js.publish(deadSubject(stream), message.data, { headers: told, msgID: `${stream}/${streamSequence}` }),
  );
}

/** All dead letters, oldest first. */
export async function listDeadLetters(bus: Bus): Promise<DeadLetter[]> {
  const { state } = await withPatience(bus, 'look at the dead letters', () => bus.jsm.streams.info(DEAD_LETTERS));
  const found: DeadLetter[] = [];
  if (state.messages === 0) return found;
  for (let number = state.first_seq; number <= state.last_seq; number++) {
    const letter = await readDeadLetter(bus, number);
    if (letter) found.push(letter);
  }
  return found;
}

/** Publishes a dead letter again where it came from, and forgets it. False when there is none of this number. */
export async function resendDeadLetter(bus: Bus, number: number): Promise<boolean> {
  const letter = await readDeadLetter(bus, number);
  if (!letter) return false;
  await publish(bus, letter.subject, letter.body, { messageId: `resent/${number}` });
  return dropDeadLetter(bus, number);
}

/** Forgets a dead letter. False when there is none of this number. */
export async function dropDeadLetter(bus: Bus, number: number): Promise<boolean> {
  try {
    return await withPatience(bus, `drop the dead letter ${number}`, () =>
      bus.jsm.streams.deleteMessage(DEAD_LETTERS, number),
    );
  } catch (error) {
    if (error instanceof JetStreamApiError) return false;
    throw error;
  }
}

async function readDeadLetter(bus: Bus, number: number): Promise<DeadLetter | undefined> {
  try {
    const found = await withPatience(bus, `read the dead letter ${number}`, () =>
      bus.jsm.streams.getMessage(DEAD_LETTERS, { seq: number }),
    );
    if (!found) return undefined;
    const { header, data: body, time } = found;
    return {
      number,
      subject: header.get(SUBJECT),
      reason: header.get(REASON),
      deliveries: Number(header.get(DELIVERIES)),
      time,
      body,
    };
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === NO_MESSAGE) return undefined;
    throw error;
  }
}
