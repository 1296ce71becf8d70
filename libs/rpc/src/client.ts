import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type ClientReadableStream,
  Client as GrpcClient,
  Metadata,
  type MethodDefinition,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import type { Tls } from '@nss/runtime';
import { context as otelContext } from '@opentelemetry/api';
import { abortError, callError } from './call-errors.ts';
import { TENANT_KEY, TOKEN_KEY } from './callers.ts';
import { channelCredentials } from './credentials.ts';
import {
  type Bidirectional,
  type Definition,
  type RequestOf,
  type ResponseOf,
  type ServerStreaming,
  serviceNameOf,
  type Unary,
} from './definitions.ts';
import { failedPrecondition, NssError } from './errors.ts';
import { startClientSpan } from './tracing.ts';

export type CallOptions = {
  readonly signal?: AbortSignal;
  /** Milliseconds for the whole call, retries included. Unary: 30,000 unless told; streams: none unless told. */
  readonly deadlineMs?: number;
  /** Whether the call may be repeated when a server could not be reached. */
  readonly idempotent?: boolean;
};

/** How often and how quickly a unary call that found no server is repeated. */
export type RetryPolicy = {
  readonly attempts: number;
  readonly initialBackoffMs: number;
  readonly maxBackoffMs: number;
};

export type ClientOptions = {
  /** Default of `CallOptions.deadlineMs` for unary calls. */
  readonly deadlineMs?: number;
  /**
   * Default of `CallOptions.idempotent`; when left out: Get, List and Cancel are, and whatever carries a request_id.
   */
  readonly idempotent?: boolean;
  readonly retry?: RetryPolicy;
  /** Mutual TLS; plain text when left out. */
  readonly tls?: Tls;
  /** Name that the server's certificate must have, where it is not the one in the address. */
  readonly serverName?: string;
  /** A token (JWT) that says whose jobs the calls are about; it needs `tls`. */
  readonly token?: string;
  /** Tenant that this service calls for; servers believe services of the mesh, by their certificates. */
  readonly tenant?: string;
};

/** A stream in both directions. */
export type BidiCall<Request, Response> = {
  /** Resolves when there is room for the next one. Throws the call's error when it has ended. */
  send(request: Request): Promise<void>;
  /** To be iterated once; throws the call's error when it fails. */
  readonly responses: AsyncGenerator<Response, void, undefined>;
  /** Says that no request follows. */
  end(): void;
  cancel(): void;
};

type ClientMethod<Method> = Method extends Unary
  ? (request: RequestOf<Method>, options?: CallOptions) => Promise<ResponseOf<Method>>
  : Method extends ServerStreaming
    ? (request: RequestOf<Method>, options?: CallOptions) => AsyncGenerator<ResponseOf<Method>, void, undefined>
    : Method extends Bidirectional
      ? (options?: CallOptions) => BidiCall<RequestOf<Method>, ResponseOf<Method>>
      : never;

/** One method a method of the service, all throwing NssError, and what concerns the connection. */
export type Client<D extends Definition> = { readonly [Name in keyof D]: ClientMethod<D[Name]> } & {
  /** The same connection, for calls on behalf of a tenant: see `ClientOptions.tenant`. */
  actingFor(tenant: string): Client<D>;
  close(): void;
};

const DEFAULT_DEADLINE_MS = 30_000;
const DEFAULT_RETRY: RetryPolicy = { attempts: 5, initialBackoffMs: 100, maxBackoffMs: 2_000 };

/**
 * A typed client of a service, for example `connect(CampaignServiceService, '127.0.0.1:7000')`. Connects with the first call
 * and again whenever needed. Repeats unary calls that found no server where that is safe; never streams: whoever watches knows where to
 * resume.
 */
export function connect<D extends Definition>(definition: D, address: string, options: ClientOptions = {}): Client<D> {
  const { tls, serverName, token } = options;
  if (token && !tls) {
    throw failedPrecondition(`a token for ${address} needs TLS, or everybody on the way could take it`);
  }
  const secured = channelCredentials(address, tls, serverName);
  const client = new GrpcClient(address, secured.credentials, {
    ...secured.options,
    // Retries are this module's: with grpc-js's own, throttling may deny all of them.
    'grpc.enable_retries': 0,
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 2_000,
    'grpc.keepalive_time_ms': 20_000,
    'grpc.keepalive_timeout_ms': 10_000,
    'grpc.max_receive_message_length': 16 * 1024 * 1024,
  });
  return clientOf(definition, { client, server: `${serviceNameOf(definition)} at ${address}` }, options);
}

function clientOf<D extends Definition>(
  definition: D,
  connection: Pick<Target, 'client' | 'server'>,
  options: ClientOptions,
): Client<D> {
  const methods = Object.entries(definition).map(([name, method]) => {
    const target: Target = { ...connection, name, method, says: saidOf(options) };
    if (!method.responseStream) {
      return [name, (request: unknown, call?: CallOptions) => unary(target, request, { ...options, ...call })];
    }
    if (!method.requestStream) {
      return [name, (request: unknown, call?: CallOptions) => serverStream(target, request, call)];
    }
    return [name, (call?: CallOptions) => bidirectional(target, call)];
  });
  return {
    ...Object.fromEntries(methods),
    actingFor: (tenant: string) => clientOf(definition, connection, { ...options, tenant }),
    close: () => connection.client.close(),
  };
}

/** Metadata of every call. */
function saidOf({ token, tenant }: ClientOptions): readonly (readonly [key: string, value: string])[] {
  return [
    ...(token ? [[TOKEN_KEY, `Bearer ${token}`] as const] : []),
    ...(tenant ? [[TENANT_KEY, tenant] as const] : []),
  ];
}

function metadataOf({ says }: Target): Metadata {
  const metadata = new Metadata();
  for (const [key, value] of says) metadata.set(key, value);
  return metadata;
}

/** What is called: a method of the server behind the client. */
type Target = {
  readonly client: GrpcClient;
  readonly name: string;
  readonly method: MethodDefinition<unknown, unknown>;
  /** For messages: service and address. */
  readonly server: string;
  readonly says: ReturnType<typeof saidOf>;
};

/** Repeats the call while no server was reached, with full jitter (M. Brooker, "Exponential Backoff And Jitter", 2015). */
async function unary(
  target: Target,
  request: unknown,
  { deadlineMs = DEFAULT_DEADLINE_MS, idempotent, retry = DEFAULT_RETRY, signal }: ClientOptions & CallOptions,
): Promise<unknown> {
  const deadline = Date.now() + deadlineMs;
  const attempts = (idempotent ?? isIdempotent(target.name, request)) ? retry.attempts : 1;
  for (let attempt = 1; ; attempt++) {
    try {
      return await unaryOnce(target, request, deadline, signal);
    } catch (thrown) {
      const error = NssError.from(thrown);
      const backoffMs = Math.random() * Math.min(retry.maxBackoffMs, retry.initialBackoffMs * 2 ** (attempt - 1));
      const late = Date.now() + backoffMs >= deadline;
      if (error.code !== status.UNAVAILABLE || attempt >= attempts || late) throw error;
      await sleep(backoffMs, undefined, { signal }).catch(() => Promise.reject(abortError(signal)));
    }
  }
}

function isIdempotent(name: string, request: unknown): boolean {
  if (/^(get|list|cancel)[A-Z]/.test(name)) return true;
  return typeof request === 'object' && request !== null && 'requestId' in request && request.requestId !== '';
}

function unaryOnce(
  target: Target,
  request: unknown,
  deadline: number,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  const { path, requestSerialize, responseDeserialize } = target.method;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(abortError(signal));
    const metadata = metadataOf(target);
    const { end, context } = startClientSpan(path, metadata);
    const onAnswer = (failure: ServiceError | null, response: unknown) => {
      signal?.removeEventListener('abort', onAbort);
      const error = failure ? callError(failure, target.server, signal) : undefined;
      end(error);
      if (error) reject(error);
      else resolve(response);
    };
    const call = otelContext.with(context, () =>
      target.client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        metadata,
        { deadline },
        onAnswer,
      ),
    );
    const onAbort = () => call.cancel();
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

async function* serverStream(
  target: Target,
  request: unknown,
  options: CallOptions = {},
): AsyncGenerator<unknown, void, undefined> {
  const { path, requestSerialize, responseDeserialize } = target.method;
  const { outcome, call } = openStream(target, options, (metadata, deadline) =>
    target.client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request, metadata, { deadline }),
  );
  yield* responsesOf(call, outcome);
}

function bidirectional(target: Target, options: CallOptions = {}): BidiCall<unknown, unknown> {
  const { path, requestSerialize, responseDeserialize } = target.method;
  const { outcome, call } = openStream(target, options, (metadata, deadline) =>
    target.client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata, { deadline }),
  );
  const throwIfEnded = () => {
    if (outcome.error) throw outcome.error;
    if (outcome.ended) throw failedPrecondition(`the call of ${path} has ended; nothing can be sent on it`);
  };
  return {
    async send(request) {
      throwIfEnded();
      if (call.write(request)) return;
      const waited = new AbortController();
      const room = ['drain', 'status'].map((event) => once(call, event, { signal: waited.signal }));
      // An error that rejects `room` is in the outcome as well, there in the form of the mesh.
      await Promise.race(room).catch(() => {});
      waited.abort();
      throwIfEnded();
    },
    responses: responsesOf(call, outcome),
    end: () => void call.end(),
    cancel: () => call.cancel(),
  };
}

/** How a stream ended; filled in by `openStream`. */
type Outcome = { ended: boolean; error?: NssError };

function openStream<Call extends ClientReadableStream<unknown>>(
  target: Target,
  { signal, deadlineMs }: CallOptions,
  open: (metadata: Metadata, deadline: number | undefined) => Call,
): { call: Call; outcome: Outcome } {
  const metadata = metadataOf(target);
  const { end, context } = startClientSpan(target.method.path, metadata);
  const call = otelContext.with(context, () => open(metadata, deadlineMs && Date.now() + deadlineMs));
  const outcome: Outcome = { ended: false };
  const onAbort = () => call.cancel();
  signal?.addEventListener('abort', onAbort, { once: true });
  if (signal?.aborted) onAbort();
  // Listened to from the start: grpc-js emits the error once, whether or not somebody reads at that moment.
  call.on('error', (failure: ServiceError) => {
    outcome.error ??= callError(failure, target.server, signal);
  });
  call.once('status', () => {
    signal?.removeEventListener('abort', onAbort);
    outcome.ended = true;
    end(outcome.error);
  });
  return { call, outcome };
}

async function* responsesOf(
  call: ClientReadableStream<unknown>,
  outcome: Outcome,
): AsyncGenerator<unknown, void, undefined> {
  try {
    for await (const response of call) yield response;
  } catch (error) {
    throw outcome.error ?? error;
  } finally {
    // Who stops reading is not interested in the rest; a call that has ended is not touched by this.
    call.cancel();
  }
  if (outcome.error) throw outcome.error;
}
