import { setImmediate } from 'node:timers/promises';

let last: Promise<void> = Promise.resolve();

/**
 * Resolves when it is the caller's turn: of all that wait for one, a single one goes on in each round of the event loop. Whoever has a lot to
 * compute, or is one of hundreds of jobs for which something comes in the same moment, waits for a turn before each piece of
 * it; calls, health checks and heartbeats are answered in between.
 */
export function turn(): Promise<void> {
  last = last.then(() => setImmediate());
  return last;
}
