import { setMaxListeners } from 'node:events';
import type { Logger } from './logger.ts';

export type Shutdown = {
  /** Aborted as soon as closing begins; for loops that take new work. */
  readonly signal: AbortSignal;
  /**
   * Registers what to close; the last registered is closed first, each after the one before it has closed. What is registered
   * while closing is closed at once.
   */
  register(name: string, close: () => unknown): void;
  /** Closes everything now. Resolves when all is closed; never rejects: a closer that fails is logged and the next one runs. */
  close(reason: string): Promise<void>;
};

/**
 * Closes a process in order on SIGTERM or SIGINT and exits: 0 when all closed, 1 when they did not within `graceMs` or a
 * second signal came.
 */
export function createShutdown({ graceMs, logger }: { graceMs: number; logger: Logger }): Shutdown {
  const controller = new AbortController();
  // Every loop and every call listens to it.
  setMaxListeners(0, controller.signal);
  const closers: { name: string; close: () => unknown }[] = [];
  const late: Promise<void>[] = [];
  let closing: Promise<void> | undefined;

  const run = async ({ name, close }: { name: string; close: () => unknown }) => {
    try {
      await close();
    } catch (error) {
      logger.error({ error, closer: name }, 'closing failed');
    }
  };

  const closeAll = async (reason: string) => {
    logger.info({ reason }, 'closing');
    controller.abort(new DOMException(`the process is closing: ${reason}`, 'AbortError'));
    for (let next = closers.pop(); next; next = closers.pop()) await run(next);
    for (let next = late.pop(); next; next = late.pop()) await next;
    logger.info('closed');
  };

  const shutdown: Shutdown = {
    signal: controller.signal,
    register(name, close) {
      if (controller.signal.aborted) late.push(run({ name, close }));
      else closers.push({ name, close });
    },
    close(reason) {
      closing ??= closeAll(reason);
      return closing;
    },
  };

  const onSignal = (signal: NodeJS.Signals) => {
    if (closing) {
      logger.warn({ signal }, 'second signal: leaving at once');
      process.exit(1);
    }
    setTimeout(() => {
      logger.error({ graceMs, next: closers.at(-1)?.name }, 'closing took too long: leaving');
      process.exit(1);
    }, graceMs).unref();
    void shutdown.close(signal).then(() => process.exit(0));
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  return shutdown;
}
