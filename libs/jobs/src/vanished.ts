import { setTimeout as delay } from 'node:timers/promises';
import { type Entry, RevisionConflict } from '@nss/bus';
import type { Logger } from '@nss/runtime';
import type { Job } from './kinds.ts';
import { interrupted, isEnded } from './states.ts';
import { type Storage, stateKey } from './storage.ts';

/*
 * A job whose worker is gone must not look as if it ran. Every worker renews its claim several times a lease; whoever serves
 * these jobs watches the claims, each by itself, and shows a job as PENDING when its claim has stood still. Time is measured by this
 * process's own clock that never goes back, from what it has seen itself: no clock is compared with another one.
 */

/** Claims are renewed, and looked at, this many times a lease. */
export const LOOKS_A_LEASE = 6;
/** Looks at which a claim must have stood still: a job is shown as PENDING well before the lease is over. */
const STILL_LOOKS = 4;
const WATCH_AGAIN_MS = 1_000;

/** The last look at a claim. */
type Seen = { readonly revision: number; readonly atMs: number };

/** Shows jobs whose workers are gone as PENDING, until `signal` is aborted. The queue gives them to another worker meanwhile. */
export async function watchForVanished<R extends Job>(
  storage: Storage<R>,
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  const seen = new Map<string, Seen>();
  await Promise.all([follow(storage, seen, logger, signal), look(storage, seen, logger, signal)]);
}

async function follow<R extends Job>(
  { state, kind }: Storage<R>,
  seen: Map<string, Seen>,
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      for await (const { key, value, revision } of state.watch(stateKey(kind, '*', 'claim'), 1, signal)) {
        const id = key.split('.')[1];
        if (value === undefined) seen.delete(id);
        else seen.set(id, { revision, atMs: performance.now() });
      }
    } catch (error) {
      logger.warn({ error }, 'the claims of jobs cannot be followed; trying again');
      await delay(WATCH_AGAIN_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}

async function look<R extends Job>(
  storage: Storage<R>,
  seen: Map<string, Seen>,
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  const everyMs = storage.leaseMs / LOOKS_A_LEASE;
  while (!signal.aborted) {
    for (const [id, { revision, atMs }] of seen) {
      if (performance.now() - atMs < STILL_LOOKS * everyMs) continue;
      try {
        if (await interruptIfStill(storage, id, revision)) {
          logger.warn(
            { job: `${storage.kind.collection}/${id}` },
            'the worker of a job is gone; the job waits for another one',
          );
        }
        // Seen to; a claim that changes again is followed again.
        if (seen.get(id)?.revision === revision) seen.delete(id);
      } catch (error) {
        logger.warn({ error }, 'a job whose worker is gone could not be marked');
      }
    }
    await delay(everyMs, undefined, { signal }).catch(() => undefined);
  }
}

/** Whether the job was marked: its claim is still the one that was seen, and the job did not change meanwhile. */
async function interruptIfStill<R extends Job>(
  { resources, state, kind }: Storage<R>,
  id: string,
  revision: number,
): Promise<boolean> {
  const entry: Entry<R> | undefined = await resources.get(id);
  if (!entry || isEnded(entry.value)) return false;
  if ((await state.get(stateKey(kind, id, 'claim')))?.revision !== revision) return false;
  const waiting = interrupted(entry.value);
  if (waiting === entry.value) return false;
  try {
    await resources.update(id, waiting, entry.revision);
    return true;
  } catch (error) {
    // The worker lives after all, or another one has the job.
    if (error instanceof RevisionConflict) return false;
    throw error;
  }
}
