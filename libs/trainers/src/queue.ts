import { type Bus, consume, isPrivateSubject, LEASE_QUEUE, NoResponders, request, type Verdict } from '@nss/bus';
import { LeaseGrant, LeaseRequest } from '@nss/contracts';
import { aborted } from '@nss/rpc';
import { type Logger, withLogContext } from '@nss/runtime';
import { type WhenIdle, watchIdleness } from './idleness.ts';
import { leaseMetrics } from './metrics.ts';

export type ServeLeases = {
  readonly bus: Bus;
  readonly trainerId: string;
  /** host:port at which holders reach this trainer's gRPC server. */
  readonly address: string;
  /** Takes no more leases once aborted. */
  readonly signal: AbortSignal;
  readonly logger: Logger;
  /** How long a holder may take to open the session it was granted. */
  readonly openWithinMs?: number;
  /** Pause before a holder that does not listen is asked again; see `MAX_ASKED`. */
  readonly askAgainAfterMs?: number;
  /** What to do when no lease has been held for some time. */
  readonly idle?: WhenIdle;
};

/** The leases of one trainer: one at a time. */
export type Leases = {
  /** The lease being worked on; empty when idle. */
  leaseId(): string;
  /**
   * Called by the session handler when its first command names the lease. Throws ABORTED (LEASE_NOT_HELD) for any lease but the one
   * granted and not yet opened.
   */
  opened(leaseId: string): OpenedLease;
  /** Resolves when no lease is worked on after `signal` was aborted; rejects when the queue cannot be used. */
  readonly done: Promise<void>;
};

/** A lease whose session goes on. */
export type OpenedLease = {
  /** Stored name of the job that asked for it. */
  readonly job: string;
  /** To be called when the session has ended and the trainer is free. */
  giveBack(): void;
};

const OPEN_WITHIN_MS = 15_000;
const ASK_AGAIN_AFTER_MS = 2_000;

/**
 * A holder that does not listen may just be connecting to NATS again, so it is asked in this many deliveries before it
 * counts as gone. A lease that is dropped while its holder lives would leave it waiting for ever.
 */
const MAX_ASKED = 3;

/** A lease that was granted, until its session has ended. */
type Held = {
  readonly leaseId: string;
  readonly job: string;
  /** On a clock that does not jump. */
  readonly sinceMs: number;
  readonly opened: PromiseWithResolvers<void>;
  readonly closed: PromiseWithResolvers<void>;
};

/**
 * Takes leases from the work queue, one at a time, grants each to its holder and keeps it until the session has ended.
 *
 * The message is acknowledged when the session ends, however it ends: a holder that still needs a trainer asks anew, at once,
 * instead of waiting for redelivery. So redelivery serves the leases of trainers that died before they could grant; a lease of one that
 * died later comes back as well, finds that its holder does not listen any more, and is dropped.
 */
export function serveLeases({
  bus,
  trainerId,
  address,
  signal,
  logger,
  openWithinMs = OPEN_WITHIN_MS,
  askAgainAfterMs = ASK_AGAIN_AFTER_MS,
  idle,
}: ServeLeases): Leases {
  let held: Held | undefined;
  const idleness = watchIdleness(idle, signal);
  let taken = false;
  const forgetAge = leaseMetrics.age.observe((observe) =>
    observe(held ? (performance.now() - held.sinceMs) / 1_000 : 0, { trainer: trainerId }),
  );

  const work = async ({ leaseId, job, replySubject }: LeaseRequest, deliveries: number): Promise<Verdict> => {
    const lease: Held = {
      leaseId,
      job,
      sinceMs: performance.now(),
      opened: Promise.withResolvers(),
      closed: Promise.withResolvers(),
    };
    held = lease;
    taken = false;
    idleness.busy();
    try {
      const grant = LeaseGrant.encode({ leaseId, trainerId, address }).finish();
      try {
        await request(bus, replySubject, grant);
      } catch (error) {
        return refusal(error, deliveries, { leaseId, logger, askAgainAfterMs });
      }
      if (!(await within(lease.opened.promise, openWithinMs, signal))) {
        logger.warn({ leaseId, openWithinMs }, 'the holder has not opened its session in time; giving the lease back');
        return { nakAfterMs: signal.aborted ? 0 : askAgainAfterMs };
      }
      logger.info({ leaseId }, 'session opened');
      await within(lease.closed.promise, undefined, signal);
      logger.info({ leaseId }, 'session ended');
      return 'ack';
    } finally {
      held = undefined;
      idleness.idle();
    }
  };

  const done = consume(
    bus,
    LEASE_QUEUE,
    async ({ body, deliveries }) => {
      const lease = decoded(body);
      if (!lease) return { deadLetter: `the ${body.length} bytes are no LeaseRequest` };
      if (!isPrivateSubject(lease.replySubject))
        return { deadLetter: 'its reply_subject is no private subject (_INBOX.*)' };
      return withLogContext({ job: lease.job }, () => work(lease, deliveries));
    },
    { concurrency: 1, signal },
  ).finally(forgetAge);

  return {
    leaseId: () => held?.leaseId ?? '',
    opened(leaseId) {
      if (held?.leaseId !== leaseId || taken) {
        throw aborted(
          `the trainer ${trainerId} does not hold the lease ${leaseId}, or it is in use; ask for a new one`,
          {
            reason: 'LEASE_NOT_HELD',
          },
        );
      }
      taken = true;
      held.opened.resolve();
      return { job: held.job, giveBack: held.closed.resolve };
    },
    done,
  };
}

/** What becomes of a lease whose holder has not taken the grant. */
function refusal(
  error: unknown,
  deliveries: number,
  { leaseId, logger, askAgainAfterMs }: { leaseId: string; logger: Logger; askAgainAfterMs: number },
): Verdict {
  // A holder in trouble with NATS, not with the grant: the queue gives the lease back after a pause.
  if (error instanceof Error && 'retryable' in error && error.retryable) throw error;
  if (error instanceof NoResponders && deliveries < MAX_ASKED) return { nakAfterMs: askAgainAfterMs };
  logger.info({ leaseId, reason: String(error) }, 'nobody wants this lease any more; dropping it');
  return 'ack';
}

function decoded(body: Uint8Array): LeaseRequest | undefined {
  try {
    return LeaseRequest.decode(body);
  } catch {
    return undefined;
  }
}

/** True when the promise has resolved, false when the time was over or the signal aborted before. */
async function within(promise: Promise<void>, ms: number | undefined, signal: AbortSignal): Promise<boolean> {
  const over = Promise.withResolvers<boolean>();
  const giveUp = () => over.resolve(false);
  const timer = ms === undefined ? undefined : setTimeout(giveUp, ms);
  signal.addEventListener('abort', giveUp);
  if (signal.aborted) giveUp();
  try {
    return await Promise.race([promise.then(() => true), over.promise]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', giveUp);
  }
}
