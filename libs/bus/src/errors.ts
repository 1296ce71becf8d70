import { status } from '@grpc/grpc-js';
import { JetStreamApiError, JetStreamError } from '@nats-io/jetstream';
import { errors } from '@nats-io/transport-node';
import { NssError } from '@nss/rpc';

/** NATS cannot be reached now, or has not answered in time; the same operation may succeed later. */
export class BusUnavailable extends Error {
  override readonly name: string = 'BusUnavailable';
  readonly retryable = true;
}

/**
 * NATS has no room; the same operation succeeds when there is some again. Deleting needs a little room itself, and nats-server 2.9 does
 * not notice that there is some before it is started again.
 */
export class BusFull extends BusUnavailable {
  override readonly name = 'BusFull';

  constructor(what: string, cause: Error) {
    super(
      `cannot ${what}: the store of NATS is full (${cause.message}). Free space on its disk or raise ` +
        'max_file_store in its configuration, then restart nats-server; what waits goes on by itself. Then delete campaigns that are not needed',
      { cause },
    );
  }
}

/** A stream or bucket that this process created or found when it started is gone. */
export class BusStoreLost extends NssError {
  override readonly name = 'BusStoreLost';

  constructor(what: string, cause: Error) {
    super(
      status.DATA_LOSS,
      `cannot ${what}: NATS does not have it any more (${cause.message}); its store was lost or emptied. Restore the store folder from ` +
        'a backup, or restart the services, which begin with an empty store, and start the campaigns again',
      { reason: 'STORE_LOST', cause },
    );
  }
}

/** An object that is read is not the one that was stored. */
export class ObjectDamaged extends NssError {
  override readonly name = 'ObjectDamaged';

  constructor(object: string, how: string) {
    super(status.DATA_LOSS, `${object} is damaged: ${how}. Check the disk under the store of NATS`, {
      reason: 'OBJECT_DAMAGED',
    });
  }
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
const SUBJECTS_OVERLAP = 10065;
const NO_SPACE = [10023, 10047];
const NOT_FOUND = [10014, 10059];
/**
 * Answers of a cluster that have another status than 503: it has no leader for the request now; the same message id is being stored, as an
 * attempt whose answer did not come in time may still be; there are too many requests.
 */
const NOT_NOW = [10009, 10158, 10167];

/** A publish refused because the queue holds a message of this subject already (`discard_new_per_subject`). */
export const isSubjectFull = (error: unknown): boolean =>
  // One code stands for every limit of a stream; only the text tells them apart.
  hasCode(error, [STORE_FAILED]) && error instanceof Error && error.message.includes('per subject');

/** The server's disk or its quota is used up. */
export const isFull = (error: unknown): error is Error =>
  hasCode(error, NO_SPACE) ||
  // A stream whose own limits would be reached would not say `per subject` either; none has such limits.
  (hasCode(error, [STORE_FAILED]) && !isSubjectFull(error));

/** A stream or a consumer that is not there. */
export const isMissing = (error: unknown): error is Error => hasCode(error, NOT_FOUND);

/** A compare-and-swap that lost. */
export const isRevisionConflict = (error: unknown): boolean => hasCode(error, WRONG_LAST_SEQUENCE);

/** A stream that exists with another configuration. */
export const isNameInUse = (error: unknown): boolean => hasCode(error, [NAME_IN_USE]);

/** A stream whose subjects, or some of them, are those of another one. */
export const isSubjectOverlap = (error: unknown): boolean => hasCode(error, [SUBJECTS_OVERLAP]);

/** Whether an operation may succeed later, unchanged: the server restarts, elects a leader, or the network is down. */
export function isTransient(error: unknown): boolean {
  if (error instanceof JetStreamApiError) {
    return hasCode(error, NOT_NOW) || (error.status === 503 && !hasCode(error, [STORE_FAILED]));
  }
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
