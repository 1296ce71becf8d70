import { type EventEmitter, once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import type {
  Metadata,
  MethodDefinition,
  ServerDuplexStream,
  ServerUnaryCall,
  sendUnaryData,
  UntypedHandleCall,
} from '@grpc/grpc-js';
import { status } from '@grpc/grpc-js';
import type { Logger } from '@nss/runtime';
import { context as otelContext } from '@opentelemetry/api';
import { callerOf } from './admission.ts';
import { ANYBODY, type Caller } from './callers.ts';
import type { Bidirectional, Definition, RequestOf, ResponseOf, ServerStreaming, Unary } from './definitions.ts';
import { cancelled, deadlineExceeded, NssError, toStatusObject } from './errors.ts';
import { startServerSpan } from './tracing.ts';

/** What a handler knows about the call it answers. */
export type CallContext = {
  /**
   * Aborted, with an NssError as the reason, when nobody waits for the answer any more: the caller cancelled, the deadline
   * passed or the connection broke; for streams also when the server closes. Whatever a handler waits for must listen to it.
   */
  readonly signal: AbortSignal;
  readonly deadline: Date | undefined;
  readonly metadata: Metadata;
  readonly logger: Logger;
  /** Who calls, and for which tenant: what belongs to others is not there. */
  readonly caller: Caller;
};

/** The function behind a method: a plain async function, or an async generator where responses stream. */
export type Handler<Method> = Method extends Unary
  ? (request: RequestOf<Method>, context: CallContext) => Promise<ResponseOf<Method>>
  : Method extends ServerStreaming
    ? (request: RequestOf<Method>, context: CallContext) => AsyncIterable<ResponseOf<Method>>
    : Method extends Bidirectional
      ? (requests: AsyncIterable<RequestOf<Method>>, context: CallContext) => AsyncIterable<ResponseOf<Method>>
      : never;

/** A handler for every method of a service. */
export type Implementation<D extends Definition> = { readonly [Name in keyof D]: Handler<D[Name]> };

/** What a call gets, whatever its deadline; longer work is a job. */
export const LONGEST_CALL_MS = 60_000;

/** The calls that a server is answering now. */
export type Calls = {
  readonly running: Set<Promise<void>>;
  /** Ends the streams when the server closes; unary calls may finish. */
  readonly streamsEnd: AbortSignal;
  /** What a unary call gets; undefined: as long as its caller waits. */
  readonly longestMs: number | undefined;
};

/** The handlers of a service in the form that grpc-js takes. */
export function toGrpcHandlers(
  definition: Definition,
  implementation: Record<string, (request: never, context: CallContext) => unknown>,
  calls: Calls,
  logger: Logger,
): Record<string, UntypedHandleCall> {
  const handlers = Object.entries(definition).map(([name, method]): [string, UntypedHandleCall] => {
    const handler = implementation[name] as AnyHandler;
    return [
      name,
      method.responseStream ? streaming(method, handler, calls, logger) : unary(method, handler, calls, logger),
    ];
  });
  return Object.fromEntries(handlers);
}

type Method = MethodDefinition<unknown, unknown>;
type AnyHandler = (request: unknown, context: CallContext) => unknown;
type UnaryCall = ServerUnaryCall<unknown, unknown>;
/** Of a method whose responses stream; the requests may, too. */
type StreamingCall = ServerDuplexStream<unknown, unknown> & { readonly request?: unknown };

function unary(method: Method, handler: AnyHandler, calls: Calls, logger: Logger): UntypedHandleCall {
  return (call: UnaryCall, respond: sendUnaryData<unknown>) => {
    const answered = runCall(call, method, { calls, logger }, async (context) => {
      respond(null, await untilAborted(handler(call.request, context) as Promise<unknown>, context.signal));
    });
    answered.catch((error: NssError) => respond(toStatusObject(error)));
  };
}

function streaming(method: Method, handler: AnyHandler, calls: Calls, logger: Logger): UntypedHandleCall {
  const handle = (call: StreamingCall) => {
    const answered = runCall(call, method, { calls, logger }, async (context) => {
      const request = method.requestStream ? requestsOf(call, context.signal) : call.request;
      await sendAll(call, handler(request, context) as AsyncIterable<unknown>, context.signal);
    });
    answered.then(
      () => call.end(),
      (error: NssError) => call.emit('error', Object.assign(new Error(error.message), toStatusObject(error))),
    );
  };
  // grpc-js has one type for each kind of call, and hands calls of both streaming kinds to this.
  return handle as UntypedHandleCall;
}

/** Runs `work` in the caller's trace with a context; what it throws comes out as an NssError, logged. */
function runCall(
  call: UnaryCall | StreamingCall,
  method: Method,
  { calls, logger }: { calls: Calls; logger: Logger },
  work: (context: CallContext) => Promise<void>,
): Promise<void> {
  const startedAt = performance.now();
  const { end, context } = startServerSpan(method.path, call.metadata);
  const deadline = new Date(call.getDeadline());
  const callerGone = new AbortController();
  const onCancelled = () => callerGone.abort(reasonOf(deadline));
  const events: EventEmitter = call;
  events.once('cancelled', onCancelled);
  // Streams last as long as their callers want.
  const longestMs = method.responseStream ? undefined : calls.longestMs;
  const tooLong = () => callerGone.abort(deadlineExceeded(`the server gives a call ${Number(longestMs) / 1_000} s`));
  const timer = longestMs === undefined ? undefined : setTimeout(tooLong, longestMs);

  const run = async () => {
    try {
      await work({
        signal: method.responseStream ? AbortSignal.any([callerGone.signal, calls.streamsEnd]) : callerGone.signal,
        deadline: Number.isNaN(deadline.getTime()) ? undefined : deadline,
        metadata: call.metadata,
        logger,
        caller: callerOf(call.metadata) ?? ANYBODY,
      });
      end();
      logger.debug({ method: method.path, milliseconds: performance.now() - startedAt }, 'call answered');
    } catch (thrown) {
      const error = NssError.from(thrown);
      end(error);
      const line = { method: method.path, milliseconds: performance.now() - startedAt, code: error.codeName, error };
      // An INTERNAL error is somebody's bug: the whole of it belongs into the log, and nothing of it into the answer.
      if (error.code === status.INTERNAL || error.code === status.UNKNOWN) logger.error(line, 'call failed');
      else logger.debug(line, 'call refused');
      throw error;
    } finally {
      // grpc-js says "cancelled" after every end.
      events.off('cancelled', onCancelled);
      clearTimeout(timer);
    }
  };
  return track(calls.running, otelContext.with(context, run));
}

/** Keeps the promise in the set until it settles. */
function track(running: Set<Promise<void>>, call: Promise<void>): Promise<void> {
  const settled = call.catch(() => {}).finally(() => running.delete(settled));
  running.add(settled);
  return call;
}

function reasonOf(deadline: Date): NssError {
  return deadline.getTime() <= Date.now()
    ? deadlineExceeded('the deadline of the call has passed')
    : cancelled('the caller has cancelled the call');
}

/** Requests of a stream. Throws the signal's reason when the call ends before the caller has said that it is done. */
async function* requestsOf(call: StreamingCall, signal: AbortSignal): AsyncGenerator<unknown> {
  // Reading may end before writing does: the stream must survive the reader.
  const messages = call.iterator({ destroyOnReturn: false });
  while (true) {
    const next = await untilAborted(messages.next(), signal);
    if (next.done) break;
    yield next.value;
  }
  // The requests of a caller that vanished end like those of one that is done; grpc-js tells the difference some ticks later.
  await setImmediate();
  signal.throwIfAborted();
}

/** The promise, or the signal's reason as soon as it aborts. (Promise.race would keep every call alive as long as the signal.) */
function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    promise
      .then(resolve, (error) => reject(signal.aborted ? signal.reason : error))
      .finally(() => signal.removeEventListener('abort', onAbort));
  });
}

/** Writes every response, no faster than the caller reads. */
async function sendAll(call: StreamingCall, responses: AsyncIterable<unknown>, signal: AbortSignal): Promise<void> {
  for await (const response of responses) {
    signal.throwIfAborted();
    if (!call.write(response)) await once(call, 'drain', { signal });
  }
  // A generator that ends quietly because its signal aborted has not ended its stream.
  signal.throwIfAborted();
}
