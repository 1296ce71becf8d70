import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { consume, type Entry, jobQueue, observeQueue, pauseMs, type Verdict } from '@nss/bus';
import { JobState } from '@nss/contracts';
import { aborted, campaignName, NssError, parseStoredName } from '@nss/rpc';
import { type Logger, withLogContext } from '@nss/runtime';
import { context, propagation, ROOT_CONTEXT, SpanStatusCode, trace } from '@opentelemetry/api';
import { type Claim, claim, dropClaim } from './claim.ts';
import type { Jobs } from './jobs.ts';
import type { Job } from './kinds.ts';
import { jobMetrics } from './metrics.ts';
import { missingEvents } from './missing-events.ts';
import { dropWeights, type Reconciled, reconcile } from './reconcile.ts';
import { type HeldJob, holdJob, type RunningJob } from './running-job.ts';
import { ended, interrupted, isEnded, isOver, started, stateOf, statusOf } from './states.ts';
import { announce, enqueue, type Storage } from './storage.ts';
import { watchForVanished } from './vanished.ts';

export type RunJobs<R extends Job> = {
  readonly jobs: Jobs<R>;
  /**
   * Does the work of a job, from where `job.loadState()` says. When it returns, the job has SUCCEEDED: its result must have been
   * set by `job.update` before. When it throws, the job has FAILED with that error; unless the error is retryable: then
   * another attempt follows, after a pause, on any worker.
   */
  readonly run: (job: RunningJob<R>) => Promise<void>;
  /** Jobs that this process works on at the same time; 1 unless told. */
  readonly concurrency?: number;
  readonly logger: Logger;
  /** Shuts down: running jobs are stopped and given to other workers at once. */
  readonly signal: AbortSignal;
  /** A job fails after so many attempts in a row that saved no state; 20 unless told. */
  readonly maxTries?: number;
};

const MAX_TRIES = 20;
/** How often jobs are compared with their queue and their weights. */
const RECONCILE_EVERY_MS = 60_000;

/**
 * Works on jobs until `signal` is aborted, and resolves when every running one has stopped.
 *
 * A job belongs to the worker that holds its message. The message is kept alive while the job runs, acknowledged when it
 * has ended, and goes to another worker when this one dies: the job is PENDING until then, and goes on from its saved state.
 */
export async function runJobs<R extends Job>(options: RunJobs<R>): Promise<void> {
  const { jobs, signal, concurrency = 1, logger } = options;
  const queue = jobQueue(jobs.kind.collection);
  const { collection } = jobs.kind;
  // A counter that was never seen at zero has not grown, for who looks at how much it grew.
  jobMetrics.retries.add(0, { collection });
  for (const state of ['succeeded', 'failed', 'cancelled']) jobMetrics.ended.add(0, { collection, state });
  const forgetQueue = observeQueue(jobs.storage.bus, queue);
  const running = Promise.all([
    consume(jobs.storage.bus, queue, ({ body }, shutdown) => handle(options, body, shutdown), { concurrency, signal }),
    reconcileNowAndThen(jobs.storage, logger, signal),
    watchForVanished(jobs.storage, logger, signal),
  ]);
  await running.finally(forgetQueue);
}

/**
 * Takes a job that the queue has given to this worker. One that has stopped and was resumed while its message was there still could not be
 * queued anew: that is done when the message is gone.
 */
async function handle<R extends Job>(options: RunJobs<R>, body: Uint8Array, shutdown: AbortSignal): Promise<Verdict> {
  const { storage, kind } = options.jobs;
  const id = parseStoredName(kind.collection, new TextDecoder().decode(body));
  const verdict = await take(options, id, shutdown);
  if (verdict !== 'ack') return verdict;
  return {
    async ackThen() {
      const now = await storage.resources.get(id);
      if (now && !isEnded(now.value)) await enqueue(storage, id);
    },
  };
}

async function take<R extends Job>(options: RunJobs<R>, id: string, shutdown: AbortSignal): Promise<Verdict> {
  const { storage } = options.jobs;
  const entry = await storage.resources.get(id);
  if (!entry) return 'ack';
  if (isEnded(entry.value)) {
    // Cancelled while it waited, or its worker died between its last steps: the event may be missing.
    await announce(storage, entry);
    await cleanUp(storage, id, entry.value);
    return 'ack';
  }
  const attempt = { worker: `${hostname()}/${process.pid}/${randomUUID()}`, entry, shutdown };
  return withLogContext(logContext(entry.value), () =>
    inSpanOf(entry.value, async () => {
      const verdict = await work(options, { ...attempt, claim: await claim(storage, id, attempt.worker) });
      if (verdict !== 'leave') return verdict;
      // Lost to a delete or a cancel, not to another worker: nobody else will acknowledge.
      const now = await storage.resources.get(id);
      return !now || isEnded(now.value) ? 'ack' : 'leave';
    }),
  );
}

type Attempt<R extends Job> = {
  readonly worker: string;
  readonly claim: Claim;
  readonly entry: Entry<R>;
  readonly shutdown: AbortSignal;
};

async function work<R extends Job>(options: RunJobs<R>, attempt: Attempt<R>): Promise<Verdict> {
  const { jobs, run, logger, maxTries = MAX_TRIES } = options;
  const held = holdJob({ storage: jobs.storage, logger, ...attempt });
  const { job } = held;
  let error: NssError | undefined;
  try {
    // Also for a job that runs already: the change after the claim shuts its last worker out.
    const resource = await job.update((found) => started(found, new Date()));
    // Changed by the worker before, which may have died before it could tell.
    if (stateOf(attempt.entry.value) === JobState.RUNNING) {
      await announce(jobs.storage, { ...attempt.entry, value: resource });
    }
    logger.info({ tries: held.tries(), resumed: attempt.entry.value.status?.startTime !== undefined }, 'job taken');
    const following = held.follow();
    try {
      if (held.tries() > maxTries) throw gaveUp(job.name, attempt.claim);
      await run(job);
    } catch (thrown) {
      error = NssError.from(thrown);
    } finally {
      held.stop();
      await following;
    }
    const { collection } = jobs.kind;
    const verdict = await conclude(held, error, { collection, shutdown: attempt.shutdown, maxTries });
    if (verdict === 'ack') await cleanUp(jobs.storage, attempt.entry.key, job.resource());
    return verdict;
  } catch (thrown) {
    if (!held.lost()) throw thrown;
    logger.warn('another worker has taken the job over; leaving it alone');
    return 'leave';
  } finally {
    held.stop();
  }
}

/** Writes down how an attempt went, and says what becomes of the message. */
async function conclude<R extends Job>(
  held: HeldJob<R>,
  error: NssError | undefined,
  { collection, shutdown, maxTries }: { collection: string; shutdown: AbortSignal; maxTries: number },
): Promise<Verdict> {
  const { job } = held;
  if (held.lost()) throw job.signal.reason;
  if (error && !job.cancelled()) {
    const tries = held.tries();
    if (shutdown.aborted) {
      await job.update(interrupted);
      // Leaving in order is not a failed attempt.
      await held.renew({ tries: Math.max(0, tries - 1) });
      job.logger.info('job given back for another worker');
      return { nakAfterMs: 0 };
    }
    if (error.retryable && tries < maxTries) {
      await job.update(interrupted);
      await held.renew({ tries, lastError: error });
      jobMetrics.retries.add(1, { collection });
      const verdict = { nakAfterMs: pauseMs(tries) };
      job.logger.warn({ error, tries, maxTries, ...verdict }, 'job interrupted; trying again');
      return verdict;
    }
  }
  const resource = await job.update((found) => ended(found, new Date(), error));
  const line = { state: stateOf(resource), error };
  if (error && !job.cancelled()) job.logger.error(line, 'job ended');
  else job.logger.info(line, 'job ended');
  return 'ack';
}

/** What a job that has ended does not need any more. */
async function cleanUp<R extends Job>(storage: Storage<R>, id: string, resource: R): Promise<void> {
  await dropClaim(storage, id);
  if (isOver(resource)) await dropWeights(storage, id);
}

function gaveUp(name: string, { tries, lastError }: Claim): NssError {
  const last = lastError ? `; the last ended with ${lastError.code}: ${lastError.message}` : '';
  return aborted(`${tries - 1} workers in a row failed or died with ${name} without saving any progress${last}`, {
    reason: 'WORKERS_LOST',
    retryable: false,
  });
}

async function reconcileNowAndThen<R extends Job>(storage: Storage<R>, logger: Logger, signal: AbortSignal) {
  const { collection } = storage.kind;
  const publishMissing = missingEvents(storage);
  let states: Reconciled['states'] = {};
  const forgetStates = jobMetrics.jobs.observe((observe) => {
    for (const [state, count] of Object.entries(states)) observe(count, { collection, state });
  });
  while (!signal.aborted) {
    try {
      const { requeued, published, dropped, ...counted } = await reconcile(storage, publishMissing);
      states = counted.states;
      if (requeued.length > 0) logger.warn({ collection, requeued }, 'jobs were in no queue; they are now');
      if (published.length > 0) logger.warn({ collection, published }, 'events were missing; they are published now');
      if (dropped.length > 0) logger.info({ collection, dropped }, 'weights that no job needs are deleted');
    } catch (error) {
      logger.warn({ error, collection }, 'jobs could not be compared with their queue and weights');
    }
    await delay(RECONCILE_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
  forgetStates();
}

/** A campaign begins the request ids that it creates jobs with by its own name. */
function logContext(resource: Job): { job: string; campaign?: string } {
  const owner = [resource.name, statusOf(resource).requestId].find((name) => name.startsWith('campaigns/'));
  return { job: resource.name, campaign: owner && campaignName(owner.split('/')[1]) };
}

/** Runs `work` in a span of the trace that the job was created in, with a link to the message that gave it to this worker. */
async function inSpanOf<T>(resource: Job, work: () => Promise<T>): Promise<T> {
  const { traceparent } = statusOf(resource);
  const parent = traceparent ? propagation.extract(ROOT_CONTEXT, { traceparent }) : context.active();
  const message = trace.getActiveSpan();
  const links = message ? [{ context: message.spanContext() }] : [];
  const options = { attributes: { 'nss.job': resource.name }, links };
  return trace.getTracer('@nss/jobs').startActiveSpan('run job', options, parent, async (span) => {
    try {
      return await work();
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR, message: NssError.from(error).codeName });
      throw error;
    } finally {
      span.end();
    }
  });
}
