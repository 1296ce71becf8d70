import { dataLoss, failedPrecondition, type NssError, resourceExhausted, unavailable } from '@nss/rpc';
import { TensorThreadError } from './tensor-thread.ts';

/** Turns what the computing thread throws into an error that says who can mend it. */
export function explainTensorError(error: unknown): unknown {
  if (!(error instanceof TensorThreadError)) return error;
  const { message, errorName, code } = error;
  if (errorName === 'CheckpointError') return dataLoss(message, { reason: 'CHECKPOINT_UNUSABLE', cause: error });
  if (errorName === 'NetworkTooLarge') {
    return resourceExhausted(message, { reason: 'NETWORK_TOO_LARGE', cause: error });
  }
  if (errorName === 'DatasetError') {
    const reason = `DATASET_${(code ?? 'unusable').replaceAll('-', '_').toUpperCase()}`;
    return failedPrecondition(message, { reason, cause: error });
  }
  return error;
}

/** The thread has died: the session is lost, another trainer can take over. */
export function threadLost(cause: unknown): NssError {
  return unavailable('the trainer lost its computing thread', { reason: 'TRAINER_LOST', cause });
}
