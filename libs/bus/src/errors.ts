import { JetStreamApiError, JetStreamError } from '@nats-io/jetstream';
import { errors } from '@nats-io/transport-node';

/** NATS cannot be reached now, or has not answered in time; the same operation may succeed later. */
export class BusUnavailable extends Error {
  override readonly name: string = 'BusUnavailable';
  readonly retryable = true;
}

/** Nobody listens on the subject of a request. */
export class NoResponders extends Error {
  override readonly name: string = 'NoResponders';
}

/** The stored value is not the one that the change was made from; read it again. */
export class RevisionConflict extends Error {
  override readonly name: string = 'RevisionConflict';
}

/** Codes of the JetStream API, from `server/errors.json` of nats-server. */
const STORE_FAILED = 10077;
const WRONG_LAST_SEQUENCE = [10071, 10164];
const NAME_IN_USE = 10058;

/** A publish refused because the queue holds a message of this subject already (`discard_new_per_subject`). */
export const isSubjectFull = (error: unknown): boolean =>
  // One code stands for every limit of a stream; only the text tells them apart.
  hasCode(error, [STORE_FAILED]) && error instanceof Error && error.message.includes('per subject');

/** A compare-and-swap that lost. */
export const isRevisionConflict = (error: unknown): boolean => hasCode(error, WRONG_LAST_SEQUENCE);

/** A stream that exists with another configuration. */
export const isNameInUse = (error: unknown): boolean => hasCode(error, [NAME_IN_USE]);

/** Whether an operation may succeed later, unchanged: the server restarts, elects a leader, or the network is down. */
export function isTransient(error: unknown): boolean {
  if (error instanceof JetStreamApiError) return error.status === 503 && !hasCode(error, [STORE_FAILED]);
  return (
    error instanceof errors.TimeoutError ||
    error instanceof errors.RequestError ||
    error instanceof errors.ConnectionError ||
    error instanceof errors.ClosedConnectionError ||
    error instanceof errors.DrainingConnectionError ||
    error instanceof JetStreamError ||
    (error instanceof Error && error.cause !== undefined && isTransient(error.cause))
  );
}

function hasCode(error: unknown, codes: readonly number[]): boolean {
  return error instanceof JetStreamApiError && codes.includes(error.code);
}
