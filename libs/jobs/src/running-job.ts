import { setTimeout as delay } from 'node:timers/promises';
import { type Entry, RevisionConflict } from '@nss/bus';
import { JobState, type Progress } from '@nss/contracts';
import { cancelled, type NssError, parseStoredId, resourceName } from '@nss/rpc';
import { type Logger, turn } from '@nss/runtime';
import { type Claim, checkClaim, claimLost, renewClaim } from './claim.ts';
import { typed } from './errors.ts';
import type { Job } from './kinds.ts';
import { type ProgressReport, progressMeter } from './progress.ts';
import { loadSaved, saveState } from './saved-state.ts';
import { isEnded, progressed, started, stateOf, statusOf } from './states.ts';
import { changeResource, objectsOf, type Storage } from './storage.ts';
import { takeTrainerSlot } from './trainer-slots.ts';
import { LOOKS_A_LEASE } from './vanished.ts';

/**
 * A job, for the function that does its work. Once another worker has taken the job over, `signal` is aborted and everything
 * that writes throws ABORTED with reason CLAIM_LOST.
 */
export type RunningJob<R> = {
  /** `<collection>/<id>`. */
  readonly name: string;
  readonly id: string;
  /** Whose job it is. */
  readonly tenant: string;
  /** What the names of its objects begin with: its name, for all but the tenant `default` with the tenant in front of the id. */
  readonly objects: string;
  /** Whether another worker, or another attempt of this one, had the job before: it may have left something. */
  readonly takenOver: boolean;
  readonly logger: Logger;
  /**
   * Aborted when the job is to stop: it was cancelled, this process shuts down, or another worker has it. Stop soon, and throw the
   * signal's reason. It is aborted from the beginning for a job that was cancelled while no worker had it: clean up what
   * the worker before has left.
   */
  readonly signal: AbortSignal;
  /**
   * Follows `signal`, but a few seconds later when this process shuts down: who works under it, and looks at `signal` now and
   * then, can store where the job goes on before it stops.
   */
  readonly cutOff: AbortSignal;
  /** Whether the job was cancelled, and so will not be resumed. */
  cancelled(): boolean;
  /** The resource as it was last seen. */
  resource(): R;
  /** Changes the resource by compare-and-swap; `change` may run several times. Gives the resource as it was stored. */
  update(change: (resource: R) => R): Promise<R>;
  /** Tells how far the job is; stored twice a second at most, and at the end. */
  progress(report: ProgressReport): void;
  /** Stores where the job can go on, as JSON, in place of what was saved before. */
  saveState(state: unknown): Promise<void>;
  /**
   * Notes that the job has come further for good, other than by a saved state: what fails from here on fails for the first time.
   */
  advanced(): Promise<void>;
  /**
   * Waits until the tenant may use one more trainer; gives what to call when this job does not use it any more.
   *
   * @param number which of the trainers that this job uses at the same time, from 0
   * @param signal ends the wait; the job's unless told
   */
  trainerSlot(number?: number, signal?: AbortSignal): Promise<() => Promise<void>>;
  /** What this worker or one before it has saved last. */
  loadState<State>(): Promise<State | undefined>;
  /** Files that the job leaves. */
  readonly artifacts: {
    /** Gives the artifact's name, `<collection>/<id>/<file>`. */
    put(file: string, content: Uint8Array | string): Promise<string>;
    get(file: string): Promise<Uint8Array | undefined>;
  };
};

/** A running job, for `runJobs`. */
export type HeldJob<R extends Job> = {
  readonly job: RunningJob<R>;
  /** Whether another worker has the job by now. */
  lost(): boolean;
  /** Attempts in a row without progress, this one included; 0 once a state was saved. */
  tries(): number;
  /** Notes how the attempt went, for the worker that takes the job next. */
  renew(note: { tries: number; lastError?: NssError }): Promise<void>;
  /** Renews the claim, and follows the resource to notice cancellation; returns after `stop`. */
  follow(): Promise<void>;
  /** Ends all that goes on in the background. Progress that was not stored yet goes with the next update. */
  stop(): void;
};

export type HoldJob<R extends Job> = {
  readonly storage: Storage<R>;
  readonly claim: Claim;
  readonly entry: Entry<R>;
  readonly worker: string;
  readonly logger: Logger;
  /** Aborted when this process shuts down. */
  readonly shutdown: AbortSignal;
};

/** Progress is stored no more often than this. */
const PROGRESS_EVERY_MS = 500;
const FOLLOW_AGAIN_MS = 1_000;
/** What `cutOff` leaves after a shutdown: checkpoints take seconds, and the process has 30. */
const STORE_WITHIN_MS = 8_000;

export function holdJob<R extends Job>({ storage, entry, worker, logger, shutdown, ...held }: HoldJob<R>): HeldJob<R> {
  const { kind } = storage;
  const { key: id } = entry;
  const { tenant, id: ownId } = parseStoredId(id);
  const name = resourceName(kind.collection, ownId);
  const objects = objectsOf(kind, id);
  const cancellation = new AbortController();
  const loss = new AbortController();
  const closing = new AbortController();
  const late = new AbortController();
  const meter = progressMeter(() => performance.now());
  let claim = held.claim;
  let latest = entry;
  let saved: Promise<Entry<unknown> | undefined> | undefined;

  const see = (seen: Entry<R>) => {
    if (seen.revision > latest.revision) latest = seen;
    if (stateOf(latest.value) === JobState.CANCELLING && !cancellation.signal.aborted) {
      cancellation.abort(cancelled(`${name} was cancelled`, { reason: 'JOB_CANCELLED' }));
    }
  };
  const lose = () => {
    const error = claimLost(name);
    loss.abort(error);
    return error;
  };
  /** One write after the other: they would only fail each other's swaps. And one job after the other, where many write at once. */
  let writes: Promise<unknown> = Promise.resolve();
  const inOrder = <T>(write: () => Promise<T>): Promise<T> => {
    const done = writes.then(turn).then(() =>
      typed(write).catch((error: NssError) => {
        throw error.reason === 'CLAIM_LOST' ? lose() : error;
      }),
    );
    writes = done.catch(() => undefined);
    return done;
  };

  /** The entry to change, read before the claim is checked: see claim.ts. */
  const entryToChange = async (attempt: number): Promise<Entry<R>> => {
    const found = attempt === 0 ? latest : await storage.resources.get(id);
    if (!found || isEnded(found.value)) throw claimLost(name);
    await checkClaim(storage, claim);
    return found;
  };
  const write = async (change: (resource: R) => R): Promise<R> => {
    const progress = unstored;
    storedAtMs = performance.now();
    // Who was thought dead and writes after all has the job.
    const held = (resource: R) => (stateOf(resource) === JobState.PENDING ? started(resource, new Date()) : resource);
    const withProgress = (resource: R) => change(progressed(held(resource), progress));
    const changed = await changeResource(storage, id, entryToChange, withProgress);
    // A report that came meanwhile stays to be stored.
    if (unstored === progress) unstored = undefined;
    see(changed);
    return changed.value;
  };

  let unstored: Progress | undefined;
  let storedAtMs = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  const storeProgress = async () => {
    timer = undefined;
    try {
      await inOrder(async () => {
        if (unstored) await write((resource) => resource);
      });
    } catch (error) {
      if (!loss.signal.aborted) logger.warn({ error }, 'progress could not be stored');
    }
  };

  let cutOffTimer: NodeJS.Timeout | undefined;
  const leave = () => {
    cutOffTimer = setTimeout(() => late.abort(shutdown.reason), STORE_WITHIN_MS);
  };
  shutdown.addEventListener('abort', leave, { once: true });
  if (shutdown.aborted) leave();

  /** Says that this worker lives. */
  const beat = () =>
    inOrder(async () => {
      if (stateOf(latest.value) === JobState.PENDING) await write((resource) => resource);
      claim = await renewClaim(storage, claim, worker, claim);
    });
  const keepBeating = async (signal: AbortSignal) => {
    for (;;) {
      await delay(storage.leaseMs / LOOKS_A_LEASE, undefined, { signal });
      try {
        await beat();
      } catch (error) {
        if (loss.signal.aborted) return;
        logger.warn({ error }, 'the claim could not be renewed; trying again');
      }
    }
  };
  const advanced = async () => {
    if (claim.tries > 0) claim = await renewClaim(storage, claim, worker, { tries: 0 });
  };

  const job: RunningJob<R> = {
    name,
    id: ownId,
    tenant,
    objects,
    takenOver: held.claim.tries > 1 || statusOf(entry.value).startTime !== undefined,
    logger,
    signal: AbortSignal.any([loss.signal, cancellation.signal, shutdown]),
    cutOff: AbortSignal.any([loss.signal, cancellation.signal, late.signal]),
    cancelled: () => cancellation.signal.aborted,
    resource: () => latest.value,
    update: (change) => inOrder(() => write(change)),
    progress(report) {
      unstored = meter(report);
      if (timer !== undefined || closing.signal.aborted) return;
      timer = setTimeout(() => void storeProgress(), Math.max(0, storedAtMs + PROGRESS_EVERY_MS - performance.now()));
    },
    saveState: (state) =>
      inOrder(async () => {
        saved ??= loadSaved(storage, id);
        let revision = (await saved)?.revision ?? 0;
        for (;;) {
          await checkClaim(storage, claim);
          try {
            revision = await saveState(storage, id, state, revision);
            break;
          } catch (error) {
            if (!(error instanceof RevisionConflict)) throw error;
          }
          // With the claim still held, it was this worker's own attempt whose answer was lost, or the last one of the worker before.
          revision = (await loadSaved(storage, id))?.revision ?? 0;
        }
        saved = Promise.resolve({ key: id, value: state, revision });
        await advanced();
      }),
    advanced: () => inOrder(advanced),
    trainerSlot: (number = 0, signal = job.signal) => typed(() => takeTrainerSlot(storage, { id, number }, signal)),
    loadState: <State>() =>
      inOrder(async () => {
        saved ??= loadSaved(storage, id);
        return structuredClone((await saved)?.value) as State | undefined;
      }),
    artifacts: {
      put: (file, content) =>
        typed(async () => {
          const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
          await inOrder(() => checkClaim(storage, claim));
          await storage.artifacts.put(`${objects}/${file}`, bytes);
          return `${name}/${file}`;
        }),
      get: (file) => typed(() => storage.artifacts.get(`${objects}/${file}`)),
    },
  };
  see(entry);

  return {
    job,
    lost: () => loss.signal.aborted,
    tries: () => claim.tries,
    renew: ({ tries, lastError }) =>
      inOrder(async () => {
        const { codeName: code, reason, message } = lastError ?? {};
        const noted = code && reason && message !== undefined ? { code, reason, message } : undefined;
        claim = await renewClaim(storage, claim, worker, { tries, lastError: noted });
      }),
    async follow() {
      const { signal } = closing;
      const beating = keepBeating(signal).catch(() => undefined);
      while (!signal.aborted) {
        try {
          for await (const { value, revision } of storage.resources.watch(id, latest.revision + 1, signal)) {
            if (value === undefined || isEnded(value)) return void lose();
            see({ key: id, value, revision });
          }
        } catch (error) {
          logger.warn({ error }, 'the job cannot be followed; trying again');
        }
        await delay(FOLLOW_AGAIN_MS, undefined, { signal }).catch(() => undefined);
      }
      await beating;
    },
    stop() {
      closing.abort();
      clearTimeout(timer);
      clearTimeout(cutOffTimer);
      shutdown.removeEventListener('abort', leave);
    },
  };
}
