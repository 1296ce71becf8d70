import { Trainer, type TrainerServiceService } from '@nss/contracts';
import type { Implementation } from '@nss/rpc';
import type { Leases } from '@nss/trainers';
import { runSession, type SessionParts } from './session.ts';

/** The TrainerService. Leases name the address that the server listens on, so they come after it. */
export function handlers(parts: SessionParts, leases: Promise<Leases>): Implementation<typeof TrainerServiceService> {
  return {
    async *session(requests, context) {
      const { opened } = await leases;
      yield* runSession(requests, context, parts, opened);
    },
    async getTrainer() {
      const { description, threads } = parts.thread.engine;
      return Trainer.create({
        trainerId: parts.trainerId,
        engine: description,
        threads,
        leaseId: (await leases).leaseId(),
      });
    },
  };
}
