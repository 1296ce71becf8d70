import { randomUUID } from 'node:crypto';
import { Metadata, type ServiceError, type StatusObject, status } from '@grpc/grpc-js';
import { type Any, BadRequest, ErrorInfo, QuotaFailure, RetryInfo, RpcStatus } from '@nss/contracts';

/** What is wrong with one field of a request. */
export type FieldViolation = {
  /** Path in the request; of a job to create in the job, for example `spec.targets_multiply_adds[1]`. */
  readonly field: string;
  /** What is wrong and what was expected. */
  readonly description: string;
};

/** What is used up. */
export type QuotaViolation = {
  /** Whose quota, for example `tenant:acme`. */
  readonly subject: string;
  /** What there was of it. */
  readonly description: string;
};

export type NssErrorOptions = {
  /** UPPER_SNAKE_CASE cause for programs, for example `TARGET_UNREACHABLE`; the name of the code when left out. */
  readonly reason?: string;
  readonly fieldViolations?: readonly FieldViolation[];
  readonly quotaViolations?: readonly QuotaViolation[];
  /** When the same operation may succeed, in milliseconds from now. */
  readonly retryAfterMs?: number;
  /** Facts for programs, for example `{ errorId }`; travels in `ErrorInfo.metadata`. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Stays in this process: it is logged, never sent. */
  readonly cause?: unknown;
  /** Whether the same operation may succeed later, unchanged; follows from the code when left out. */
  readonly retryable?: boolean;
};

/** Metadata key of the `google.rpc.Status` that goes with an error. */
export const DETAILS = 'grpc-status-details-bin';

/** Gives the reasons in `ErrorInfo` their meaning. */
const DOMAIN = 'nss.dev';

/** Codes after which the same operation may succeed later, unchanged. */
const RETRYABLE: ReadonlySet<status> = new Set([status.UNAVAILABLE, status.ABORTED, status.DEADLINE_EXCEEDED]);

/**
 * The one error of the mesh: thrown by handlers, sent as a gRPC status with `ErrorInfo` (always), `BadRequest` (when fields are at
 * fault), `QuotaFailure` and `RetryInfo`, thrown by clients. Terminal unless `retryable`.
 */
export class NssError extends Error {
  override readonly name: string = 'NssError';
  readonly code: status;
  readonly reason: string;
  readonly fieldViolations: readonly FieldViolation[];
  readonly quotaViolations: readonly QuotaViolation[];
  readonly retryAfterMs: number | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  readonly retryable: boolean;

  constructor(code: status, message: string, options: NssErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.reason = options.reason ?? status[code];
    this.fieldViolations = options.fieldViolations ?? [];
    this.quotaViolations = options.quotaViolations ?? [];
    this.retryAfterMs = options.retryAfterMs;
    this.metadata = options.metadata ?? {};
    this.retryable = options.retryable ?? RETRYABLE.has(code);
  }

  /** Name of the code, for example `INVALID_ARGUMENT`. */
  get codeName(): string {
    return status[this.code];
  }

  /**
   * Any thrown value as an NssError. What has no meaning for the mesh becomes INTERNAL with a fresh `metadata.errorId`: its
   * own text stays in `cause`, for the log, because it may tell of paths, hosts or secrets.
   */
  static from(error: unknown): NssError {
    if (error instanceof NssError) return error;
    if (isServiceError(error)) return fromServiceError(error);
    if (error instanceof Error && error.name === 'AbortError') {
      // What aborted says why: an AbortSignal's reason comes as the cause of the AbortError that Node's own functions throw.
      if (error.cause instanceof NssError) return error.cause;
      return new NssError(status.CANCELLED, 'the operation was cancelled', { cause: error });
    }
    if (error instanceof Error && error.name === 'TimeoutError') {
      return new NssError(status.DEADLINE_EXCEEDED, 'the operation took longer than it was given', { cause: error });
    }
    if (error instanceof Error && 'retryable' in error && error.retryable === true) {
      // Infrastructure that says so itself, as the errors of @nss/bus do; their text is written for who operates the mesh.
      return new NssError(status.UNAVAILABLE, error.message, { cause: error });
    }
    const errorId = randomUUID();
    return new NssError(status.INTERNAL, `internal error ${errorId}; the log of the service tells more under this id`, {
      metadata: { errorId },
      cause: error,
    });
  }
}

/** The request is wrong, whatever the state of the system: lists every violation. */
export function invalidArgument(violations: readonly FieldViolation[], options: NssErrorOptions = {}): NssError {
  const message = violations.map(({ field, description }) => `${field}: ${description}`).join('; ');
  return new NssError(status.INVALID_ARGUMENT, message, { ...options, fieldViolations: violations });
}

/** There is no resource of this name. */
export function notFound(name: string, options?: NssErrorOptions): NssError {
  return new NssError(status.NOT_FOUND, `there is no ${name}`, { metadata: { resource: name }, ...options });
}

/** Another resource has this name. */
export function alreadyExists(name: string, options?: NssErrorOptions): NssError {
  const message = `${name} exists already; choose another id or delete it first`;
  return new NssError(status.ALREADY_EXISTS, message, { metadata: { resource: name }, ...options });
}

/** The system is not in the state that the operation needs. */
export function failedPrecondition(message: string, options?: NssErrorOptions): NssError {
  return new NssError(status.FAILED_PRECONDITION, message, options);
}

/** Something that the operation needs cannot be reached now; retryable. */
export function unavailable(message: string, options?: NssErrorOptions): NssError {
  return new NssError(status.UNAVAILABLE, message, options);
}

/** Somebody else changed the same thing meanwhile; retryable from reading it again. */
export function aborted(message: string, options?: NssErrorOptions): NssError {
  return new NssError(status.ABORTED, message, options);
}

/** Whoever asked for the operation does not want it any more. */
export function cancelled(message: string, options?: NssErrorOptions): NssError {
  return new NssError(status.CANCELLED, message, options);
}

/** There was not enough time. */
export function deadlineExceeded(message: string, options?: NssErrorOptions): NssError {
  return new NssError(status.DEADLINE_EXCEEDED, message, options);
}

/** A quota, a budget or a size limit is used up. */
export function resourceExhausted(message: string, options?: NssErrorOptions): NssError {
  return new NssError(status.RESOURCE_EXHAUSTED, message, options);
}

/** The caller has not shown who it is. */
export function unauthenticated(message: string, options?: NssErrorOptions): NssError {
  return new NssError(status.UNAUTHENTICATED, message, options);
}

/** The caller is known, and may not do this. */
export function permissionDenied(message: string, options?: NssErrorOptions): NssError {
  return new NssError(status.PERMISSION_DENIED, message, options);
}

/** The server does not do this. */
export function unimplemented(message: string, options?: NssErrorOptions): NssError {
  return new NssError(status.UNIMPLEMENTED, message, options);
}

/** Stored data is lost or damaged. */
export function dataLoss(message: string, options?: NssErrorOptions): NssError {
  return new NssError(status.DATA_LOSS, message, options);
}

/** The error as grpc-js sends it, with a `google.rpc.Status` in `grpc-status-details-bin`. */
export function toStatusObject(error: NssError): StatusObject {
  const details = [anyOf('google.rpc.ErrorInfo', ErrorInfo.encode(errorInfo(error)).finish())];
  if (error.fieldViolations.length > 0) {
    const badRequest = BadRequest.fromPartial({ fieldViolations: firstViolations(error.fieldViolations) });
    details.push(anyOf('google.rpc.BadRequest', BadRequest.encode(badRequest).finish()));
  }
  if (error.quotaViolations.length > 0) {
    const quotaFailure = QuotaFailure.fromPartial({ violations: [...error.quotaViolations] });
    details.push(anyOf('google.rpc.QuotaFailure', QuotaFailure.encode(quotaFailure).finish()));
  }
  if (error.retryAfterMs !== undefined) {
    details.push(anyOf('google.rpc.RetryInfo', RetryInfo.encode(retryInfo(error.retryAfterMs)).finish()));
  }
  const message = shorten(error.message, MESSAGE_LIMIT);
  const metadata = new Metadata();
  metadata.set(DETAILS, Buffer.from(RpcStatus.encode({ code: error.code, message, details }).finish()));
  return { code: error.code, details: message, metadata };
}

/*
 * Errors travel in HTTP/2 trailers, which gRPC peers limit to 8 KiB, base64 included; a longer trailer makes the peer drop
 * the error itself. A request with hundreds of faults is answered with the first ones.
 */
const MESSAGE_LIMIT = 1024;
const VIOLATIONS_LIMIT = 3072;

function fromServiceError(error: ServiceError): NssError {
  const sent = sentStatus(error);
  const info = detail(sent, 'google.rpc.ErrorInfo', ErrorInfo);
  const badRequest = detail(sent, 'google.rpc.BadRequest', BadRequest);
  const quotaFailure = detail(sent, 'google.rpc.QuotaFailure', QuotaFailure);
  const retryDelay = detail(sent, 'google.rpc.RetryInfo', RetryInfo)?.retryDelay;
  return new NssError(streamBroke(error) ? status.UNAVAILABLE : error.code, sent?.message || error.details, {
    reason: info?.domain === DOMAIN ? info.reason : undefined,
    metadata: info?.metadata,
    fieldViolations: badRequest?.fieldViolations.map(({ field, description }) => ({ field, description })),
    quotaViolations: quotaFailure?.violations,
    retryAfterMs: retryDelay && 1_000 * retryDelay.seconds + retryDelay.nanos / 1e6,
    cause: error,
  });
}

/** grpc-js calls it INTERNAL when a connection ends under a stream; it is a server that is away. */
function streamBroke({ code, details }: ServiceError): boolean {
  return code === status.INTERNAL && details.startsWith('Received RST_STREAM with code 0');
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'details' in error && 'metadata' in error && error.metadata instanceof Metadata;
}

function sentStatus(error: ServiceError): RpcStatus | undefined {
  const [bytes] = error.metadata.get(DETAILS);
  return Buffer.isBuffer(bytes) ? decoded(RpcStatus, bytes) : undefined;
}

function detail<T>(sent: RpcStatus | undefined, type: string, codec: Codec<T>): T | undefined {
  const found = sent?.details.find(({ typeUrl }) => typeUrl.endsWith(`/${type}`));
  return found && decoded(codec, found.value);
}

type Codec<T> = { decode(bytes: Uint8Array): T };

/** Undefined for bytes that are not what they should be: the code and the message of the error still stand. */
function decoded<T>(codec: Codec<T>, bytes: Uint8Array): T | undefined {
  try {
    return codec.decode(bytes);
  } catch {
    return undefined;
  }
}

function anyOf(type: string, value: Uint8Array): Any {
  return { typeUrl: `type.googleapis.com/${type}`, value: Buffer.from(value) };
}

function errorInfo({ reason, metadata }: NssError): ErrorInfo {
  return { reason, domain: DOMAIN, metadata: { ...metadata } };
}

function retryInfo(afterMs: number): RetryInfo {
  const seconds = Math.floor(afterMs / 1_000);
  return { retryDelay: { seconds, nanos: Math.round((afterMs - 1_000 * seconds) * 1e6) } };
}

function firstViolations(violations: readonly FieldViolation[]): FieldViolation[] {
  const kept: FieldViolation[] = [];
  let size = 0;
  for (const { field, description } of violations) {
    const violation = { field: shorten(field, 256), description: shorten(description, MESSAGE_LIMIT) };
    size += Buffer.byteLength(violation.field) + Buffer.byteLength(violation.description);
    if (kept.length > 0 && size > VIOLATIONS_LIMIT) {
      kept.push({ field: '', description: `and ${violations.length - kept.length} more` });
      break;
    }
    kept.push(violation);
  }
  return kept;
}

/** The text, cut so that it takes at most about `limit` characters even when percent-encoded. */
function shorten(text: string, limit: number): string {
  // A lone surrogate would make encodeURI, which grpc-js calls too, throw.
  const wellFormed = text.slice(0, limit + 1).toWellFormed();
  let size = 0;
  let end = 0;
  for (const character of wellFormed) {
    size += encodeURI(character).length;
    if (size > limit) return `${wellFormed.slice(0, end)} ...`;
    end += character.length;
  }
  return wellFormed;
}
