import { status } from '@grpc/grpc-js';
import { NssError } from '@nss/rpc';

/**
 * The trainer has vanished, and with it the weights since the last checkpoint. Retryable: lease another one, load that
 * checkpoint, go on.
 */
export class TrainerLost extends NssError {
  override readonly name = 'TrainerLost';

  constructor(message: string, cause: unknown) {
    super(status.UNAVAILABLE, message, { reason: 'TRAINER_LOST', cause });
  }
}

/** Answers of a trainer that does its work: another one would answer the same. */
const ANSWERS: ReadonlySet<status> = new Set([
  status.INVALID_ARGUMENT,
  status.FAILED_PRECONDITION,
  status.NOT_FOUND,
  status.OUT_OF_RANGE,
  status.RESOURCE_EXHAUSTED,
  status.DATA_LOSS,
  status.UNIMPLEMENTED,
]);

/**
 * What a failed session means. An INTERNAL error with an id was sent by the trainer (it has a bug); one without is how gRPC tells of
 * broken connections.
 */
export function sessionError(trainer: string, thrown: unknown): NssError {
  const error = NssError.from(thrown);
  if (error instanceof TrainerLost || ANSWERS.has(error.code)) return error;
  if (error.code === status.INTERNAL && error.metadata.errorId) return error;
  return new TrainerLost(`lost ${trainer}: ${error.message}`, error);
}
