import { setTimeout as delay } from 'node:timers/promises';
import { BusFull, BusStoreLost, BusUnavailable, isFull, isMissing, isSubjectOverlap, isTransient } from './errors.ts';
import type { Link } from './link.ts';

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2_000;

/**
 * The operation's value, tried again while NATS cannot be reached. It must bear being done twice: an attempt whose answer was
 * lost may have taken effect. Throws BusUnavailable when patience is at its end; BusFull, BusStoreLost and every other error at once.
 *
 * @param what names the operation in the error, for example `read searches/a`.
 */
export async function withPatience<T>(
  { link, patienceMs }: { link: Link; patienceMs: number },
  what: string,
  operation: () => Promise<T>,
): Promise<T> {
  // A clock that never goes back, nor jumps.
  const end = performance.now() + patienceMs;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    try {
      await link.up(end - performance.now());
      return await link.whileUp(operation);
    } catch (error) {
      if (isFull(error)) throw new BusFull(what, error);
      if (isMissing(error)) throw new BusStoreLost(what, error);
      if (!isTransient(error)) throw error;
      if (isOver(error) || performance.now() + pauseMs > end) {
        throw new BusUnavailable(`cannot ${what}: NATS does not answer; check that nats-server runs`, { cause: error });
      }
    }
    await delay(pauseMs);
  }
}

/**
 * A stream or a bucket, created with patience while others may be creating the same one. nats-server looks for a stream of the name first and
 * for streams of the subjects later: one that another service made in between is told as a stream of the same subjects, and is
 * found by its name the second time. Subjects that are another stream's are refused that time, too.
 */
export async function createdWithPatience<T>(
  bus: { link: Link; patienceMs: number },
  what: string,
  create: () => Promise<T>,
): Promise<T> {
  return withPatience(bus, what, async () => {
    try {
      return await create();
    } catch (error) {
      if (!isSubjectOverlap(error)) throw error;
      return await create();
    }
  });
}

/** A connection that was closed on purpose does not come back. */
function isOver(error: unknown): boolean {
  return error instanceof Error && (error.name === 'ClosedConnectionError' || error.name === 'DrainingConnectionError');
}
