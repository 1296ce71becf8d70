import { JetStreamApiError, type JsMsg, type StoredMsg } from '@nats-io/jetstream';
import { headers } from '@nats-io/transport-node';
import type { Bus } from './connection.ts';
import { isSubjectFull } from './errors.ts';
import { nextMessage } from './next-message.ts';
import { publish } from './publish.ts';
import { withPatience } from './retry.ts';
import { DEAD_LETTERS, deadSubject } from './topology.ts';

/*
 * Where messages go that nobody could handle: each with the reason, and with what it takes to send it again once the cause is
 * mended. They are kept for 30 days.
 */

/** A message that nobody could handle. */
export type DeadLetter = {
  /** Its number, for `resendDeadLetter` and `dropDeadLetter`. */
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

/** Stores a message as a dead letter of its consumer, once however often this is called. The message itself stays in its queue. */
export async function storeDeadLetter(bus: Bus, message: JsMsg, reason: string): Promise<void> {
  const { stream, consumer, streamSequence, deliveryCount } = message.info;
  const told = headers();
  told.set(SUBJECT, message.subject);
  // One line: a header value cannot hold more.
  told.set(REASON, reason.replace(/\s+/g, ' '));
  told.set(DELIVERIES, String(deliveryCount));
  const msgID = `${stream}/${consumer}/${streamSequence}`;
  await withPatience(bus, `store a dead letter of ${message.subject}`, () =>
    bus.js.publish(deadSubject(stream), message.data, { headers: told, msgID }),
  );
}

/** Dead letters after the one of a number, oldest first, one at a time: they are read as they are asked for. */
export async function* deadLettersAfter(bus: Bus, number: number): AsyncGenerator<DeadLetter, void, undefined> {
  for (let next = number + 1; ; next++) {
    const found = await withPatience(bus, 'look through the dead letters', () =>
      nextMessage(bus, DEAD_LETTERS, deadSubject('*'), next),
    );
    if (!found) return;
    yield letterOf(found);
    next = found.seq;
  }
}

/** All dead letters, oldest first. */
export function listDeadLetters(bus: Bus): Promise<DeadLetter[]> {
  return Array.fromAsync(deadLettersAfter(bus, 0));
}

/** The dead letter of this number; undefined when there is none. */
export async function readDeadLetter(bus: Bus, number: number): Promise<DeadLetter | undefined> {
  try {
    const found = await withPatience(bus, `read the dead letter ${number}`, () =>
      bus.jsm.streams.getMessage(DEAD_LETTERS, { seq: number }),
    );
    return found ? letterOf(found) : undefined;
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === NO_MESSAGE) return undefined;
    throw error;
  }
}

/**
 * Publishes a dead letter again where it came from, unless the queue holds a message of its subject already, and forgets it. False
 * when there is none of this number.
 */
export async function resendDeadLetter(bus: Bus, number: number): Promise<boolean> {
  const letter = await readDeadLetter(bus, number);
  if (!letter) return false;
  await publish(bus, letter.subject, letter.body, { messageId: `resent/${number}` }).catch((error) => {
    if (!isSubjectFull(error)) throw error;
  });
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

function letterOf({ seq, header, data, time }: StoredMsg): DeadLetter {
  return {
    number: seq,
    subject: header.get(SUBJECT),
    reason: header.get(REASON),
    deliveries: Number(header.get(DELIVERIES)),
    time,
    body: data,
  };
}
