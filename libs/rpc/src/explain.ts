import {
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
  type ServerMethodDefinition,
  status,
} from '@grpc/grpc-js';
import { DETAILS, NssError, toStatusObject } from './errors.ts';

/**
 * Gives the errors that grpc-js itself answers with (message too large, bytes that are no message) the form of all others:
 * ErrorInfo, and words that help. It sends them past every interceptor, from the innermost call: hence the replaced method.
 */
export const explainBuiltInErrors: ServerInterceptor = (
  method: ServerMethodDefinition<unknown, unknown>,
  call: ServerInterceptingCallInterface,
) => {
  const send = call.sendStatus.bind(call);
  call.sendStatus = (sent) => send(isPlain(sent) ? { ...sent, ...toStatusObject(explained(sent, method.path)) } : sent);
  return new ServerInterceptingCall(call);
};

type PartialStatusObject = Parameters<ServerInterceptingCallInterface['sendStatus']>[0];

function isPlain(sent: PartialStatusObject): boolean {
  return sent.code !== status.OK && !sent.metadata?.get(DETAILS).length;
}

function explained({ code, details }: PartialStatusObject, path: string): NssError {
  const tooLarge = /larger than max \((\d+) vs\.? (\d+)\)/.exec(details ?? '');
  if (tooLarge) {
    const [, bytes, limit] = tooLarge;
    return new NssError(
      status.RESOURCE_EXHAUSTED,
      `a message of ${path} has ${bytes} bytes, at most ${limit} are taken; send less in one call`,
      { reason: 'MESSAGE_TOO_LARGE', metadata: { bytes, limit } },
    );
  }
  if (details === 'Error deserializing request') {
    return new NssError(
      status.INVALID_ARGUMENT,
      `the bytes sent to ${path} are no message of its request type; generate the client from the same proto files`,
      { reason: 'MALFORMED_MESSAGE' },
    );
  }
  return new NssError(code ?? status.UNKNOWN, details ?? '');
}
