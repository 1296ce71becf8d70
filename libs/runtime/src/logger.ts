import { AsyncLocalStorage } from 'node:async_hooks';
import { isSpanContextValid, trace } from '@opentelemetry/api';
import { type DestinationStream, destination, type Logger, pino, stdSerializers, stdTimeFunctions } from 'pino';
import { z } from 'zod';
import { loadConfig, logLevel } from './config.ts';

export type { Logger } from 'pino';

/** What a log line says about the work it belongs to. */
export type LogContext = {
  /** Resource name of the campaign, for example `campaigns/quickstart`. */
  readonly campaign?: string;
  /** Resource name of the job, for example `searches/quickstart-search-8mf-s0`. */
  readonly job?: string;
};

const contexts = new AsyncLocalStorage<LogContext>();

/**
 * Structured JSON lines on stderr, from the level in `NSS_LOG_LEVEL` (info). Every line carries the service, the trace and
 * span it was written in, and the campaign and job of `withLogContext`. Pass errors as `{ error }`: stack and causes are kept.
 */
export function createLogger(service: string, options: { level?: string; stream?: DestinationStream } = {}): Logger {
  const level = options.level ?? loadConfig(z.object({ NSS_LOG_LEVEL: logLevel })).NSS_LOG_LEVEL;
  return pino(
    {
      level,
      base: { service },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: stdSerializers.errWithCause },
      mixin: () => ({ ...traceContext(), ...contexts.getStore() }),
    },
    // Synchronous, so that the last words of a dying process are written.
    options.stream ?? destination({ dest: 2, sync: true }),
  );
}

/** Runs `work` so that every log line written inside, however deep and late, carries `context` (on top of an outer one). */
export function withLogContext<T>(context: LogContext, work: () => T): T {
  return contexts.run({ ...contexts.getStore(), ...context }, work);
}

function traceContext(): { traceId?: string; spanId?: string } {
  const span = trace.getActiveSpan()?.spanContext();
  return span && isSpanContextValid(span) ? { traceId: span.traceId, spanId: span.spanId } : {};
}
