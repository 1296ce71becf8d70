import { randomUUID } from 'node:crypto';
import { type Bus, LEASE_SUBJECT, onRequest, privateSubject, publish } from '@nss/bus';
import { LeaseGrant, LeaseRequest, type OpenSession } from '@nss/contracts';
import type { Logger, Tls } from '@nss/runtime';
import { leaseMetrics } from './metrics.ts';
import { type OpenedSession, openSession, type TrainerSession } from './session.ts';
import { TrainerLost } from './trainer-lost.ts';

export type WithTrainer = {
  readonly bus: Bus;
  /** Stored name of the job that needs the trainer: what it may write begins with it. */
  readonly job: string;
  /** What the trainer is to work on. */
  readonly open: Omit<OpenSession, 'leaseId'>;
  /** Ends waiting and working; its reason is thrown. */
  readonly signal: AbortSignal;
  /** Ends waiting only, for who needs a moment more to stop working; `signal` unless told. */
  readonly waitSignal?: AbortSignal;
  readonly logger: Logger;
  /** For the session with the trainer; plain text when left out. */
  readonly tls?: Tls;
};

/**
 * Waits for a free trainer, however long that takes, and runs `use` with a session of it; the trainer is free again afterwards. Throws
 * TrainerLost when the trainer vanishes, which leaves nothing behind: call again for a new lease.
 */
export async function withTrainer<T>(needs: WithTrainer, use: (session: TrainerSession) => Promise<T>): Promise<T> {
  const { session, close } = await lease(needs);
  try {
    return await use(session);
  } finally {
    await close();
  }
}

/** How often in a row, without progress, a job may lose its trainer. */
const MAX_LOSSES = 5;

/**
 * Like `withTrainer`, but runs `use` again, with a new trainer, whenever one is lost. `use` begins by loading the last checkpoint, and
 * calls `progressed` whenever it has stored where to go on from (`save` of the session counts by itself). Throws the last TrainerLost
 * after `maxLosses` in a row without progress: then it may be the work that brings trainers down.
 */
export async function withTrainerRetry<T>(
  { maxLosses = MAX_LOSSES, ...needs }: WithTrainer & { readonly maxLosses?: number },
  use: (session: TrainerSession, progressed: () => void) => Promise<T>,
): Promise<T> {
  let losses = 0;
  leaseMetrics.lost.add(0);
  const progressed = () => {
    losses = 0;
  };
  for (;;) {
    try {
      return await withTrainer(needs, (session) => use(noticingSaves(session, progressed), progressed));
    } catch (error) {
      if (!(error instanceof TrainerLost)) throw error;
      leaseMetrics.lost.add(1);
      losses++;
      if (losses >= maxLosses) throw error;
      needs.logger.warn({ error, losses, maxLosses }, 'trainer lost; waiting for another one');
    }
  }
}

function noticingSaves(session: TrainerSession, progressed: () => void): TrainerSession {
  return {
    ...session,
    save: async (checkpointId) => {
      const checkpoint = await session.save(checkpointId);
      progressed();
      return checkpoint;
    },
  };
}

/** Asks for a trainer, waits for the grant, and opens a session with it. */
function lease({ open, tls, ...needs }: WithTrainer): Promise<OpenedSession> {
  const { signal, logger } = needs;
  return withGrant(needs, async ({ trainerId, address, leaseId }) => {
    const opened = await openSession(address, { ...open, leaseId }, { signal, tls });
    logger.info({ leaseId, trainerId, engine: opened.session.info.engine }, 'trainer leased');
    return opened;
  });
}

/**
 * Puts a request into the queue of leases, waits until a trainer grants it, and runs `use`, which opens a session that names the lease:
 * the trainer waits some seconds for it. Meanwhile other trainers that would grant it too are told that it is taken.
 */
export async function withGrant<T>(
  { bus, job, signal, waitSignal = signal, logger }: Omit<WithTrainer, 'open' | 'tls'>,
  use: (grant: LeaseGrant) => Promise<T>,
): Promise<T> {
  waitSignal.throwIfAborted();
  const leaseId = randomUUID();
  const replySubject = privateSubject();
  const granted = Promise.withResolvers<LeaseGrant>();
  const abort = () => granted.reject(waitSignal.reason);
  // It may be aborted before anybody waits for it.
  granted.promise.catch(() => {});
  waitSignal.addEventListener('abort', abort);

  let taken = false;
  const grants = await onRequest(bus, replySubject, async (body) => {
    // A trainer that was slow to grant may find that the request went to another one meanwhile: the first one gets it.
    if (taken) throw new Error(`the lease ${leaseId} is granted already`);
    taken = true;
    granted.resolve(LeaseGrant.decode(body));
    return new Uint8Array();
  });
  const askedAt = performance.now();
  try {
    const request = LeaseRequest.encode({ leaseId, job, replySubject }).finish();
    await publish(bus, LEASE_SUBJECT, request, { messageId: leaseId });
    logger.info({ leaseId }, 'waiting for a trainer');
    const grant = await granted.promise;
    leaseMetrics.wait.record((performance.now() - askedAt) / 1_000);
    return await use({ ...grant, leaseId });
  } finally {
    waitSignal.removeEventListener('abort', abort);
    grants.stop();
  }
}
