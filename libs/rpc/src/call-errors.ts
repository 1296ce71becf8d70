import { type ServiceError, status } from '@grpc/grpc-js';
import { cancelled, DETAILS, NssError, unavailable } from './errors.ts';

/** What a call failed with, for its caller: who was not reached is named, and an abort is told as its reason. */
export function callError(failure: ServiceError, server: string, signal: AbortSignal | undefined): NssError {
  const error = NssError.from(failure);
  if (error.code === status.CANCELLED && signal?.aborted) return abortError(signal);
  const fromServer = failure.metadata?.get(DETAILS).length > 0;
  if (error.code !== status.UNAVAILABLE || fromServer) return error;
  return unavailable(`cannot reach ${server}: ${error.message}`, { reason: 'UNREACHABLE', cause: failure });
}

/** Why a signal was aborted. */
export function abortError(signal: AbortSignal | undefined): NssError {
  const reason: unknown = signal?.reason;
  if (reason instanceof NssError) return reason;
  if (reason instanceof Error && reason.name === 'TimeoutError') return NssError.from(reason);
  return cancelled('the call was cancelled', { cause: reason });
}
