import { setTimeout as delay } from 'node:timers/promises';
import { BusUnavailable, isTransient } from './errors.ts';
import type { Link } from './link.ts';

/**
 * How long an operation goes on trying while NATS restarts or elects a leader. Shorter than the ack wait and the default
 * deadline of RPCs, so that who waits gets this error rather than a timeout that tells nothing.
 */
const PATIENCE_MS = 20_000;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2_000;

/**
 * The operation's value, tried again while NATS cannot be reached. It must bear being done twice: an attempt whose answer was
 * lost may have taken effect. Throws BusUnavailable when patience is at its end, and every other error at once.
 *
 * @param what names the operation in the error, for example `read searches/a`.
 */
export async function withPatience<T>({ link }: { link: Link }, what: string, operation: () => Promise<T>): Promise<T> {
  const end = Date.now() + PATIENCE_MS;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    try {
      await link.up(end - Date.now());
      return await link.whileUp(operation);
    } catch (error) {
      if (!isTransient(error)) throw error;
      if (isOver(error) || Date.now() + pauseMs > end) {
        throw new BusUnavailable(`cannot ${what}: NATS does not answer; check that nats-server runs`, { cause: error });
      }
    }
    await delay(pauseMs);
  }
}

/** A connection that was closed on purpose does not come back. */
function isOver(error: unknown): boolean {
  return error instanceof Error && (error.name === 'ClosedConnectionError' || error.name === 'DrainingConnectionError');
}
