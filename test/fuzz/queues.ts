import { type Bus, listDeadLetters } from '@nss/bus';
import { LeaseRequest } from '@nss/contracts';
import fc from 'fast-check';
import { hostileBody, hostileText } from './hostile.ts';

/* Hostile messages on every subject that services consume, published past the libraries that would not. */

const collections = ['campaigns', 'warmups', 'searches', 'superNetworks', 'evaluations', 'nasRuns', 'trainings'];
const leases = hostileText.map((text) =>
  LeaseRequest.encode({ leaseId: text, job: text, replySubject: text }).finish(),
);
/** One part of a subject, as odd as NATS lets it be. */
export const token = fc.oneof(
  fc.stringMatching(/^[a-z0-9=%_-]{1,40}$/),
  fc.constantFrom('acme=a', 'a=b=c', '=', '%', 'A'.repeat(200)),
);

export type QueueMessage = { readonly subject: string; readonly body: Uint8Array };

export const hostileQueueMessage: fc.Arbitrary<QueueMessage> = fc.oneof(
  fc.record({
    subject: fc
      .tuple(fc.constantFrom(...collections), token)
      .map(([collection, id]) => `nss.v1.jobs.${collection}.${id}.requested`),
    body: hostileBody,
  }),
  fc.record({ subject: fc.constant('nss.v1.leases.requested'), body: fc.oneof(leases, hostileBody) }),
  fc.record({ subject: fc.constant('nss.v1.dead.NSS_JOBS'), body: hostileBody }),
);

/** Publishes, and waits until it is stored; a queue that holds a message of the subject already refuses. */
export async function publishHostile({ js }: Bus, { subject, body }: QueueMessage): Promise<void> {
  await js.publish(subject, body).catch((error: Error) => {
    if (!/per subject/.test(error.message)) throw error;
  });
}

/** Messages of the work queues that are neither acknowledged nor dead letters. */
export async function waiting({ jsm }: Bus): Promise<number> {
  const streams = await Promise.all(['NSS_JOBS', 'NSS_LEASES'].map((stream) => jsm.streams.info(stream)));
  return streams.reduce((sum, { state }) => sum + state.messages, 0);
}

/** Keys in all buckets of jobs and their states. */
export async function storedKeys({ jsm }: Bus): Promise<number> {
  let sum = 0;
  for await (const { config, state } of jsm.streams.list()) {
    if (config.name.startsWith('KV_')) sum += state.num_subjects ?? 0;
  }
  return sum;
}

/** Jobs that were ever created, deleted ones too. */
export async function jobsCreated({ jsm }: Bus): Promise<number> {
  const { state } = await jsm.streams.info('NSS_EVENTS', { subjects_filter: 'nss.v1.*.*.created' });
  return Object.values(state.subjects ?? {}).reduce((sum, messages) => sum + messages, 0);
}

/** Dead letters without a reason. */
export async function unexplained(bus: Bus): Promise<number> {
  const letters = await listDeadLetters(bus);
  // Those that were published past the queues have none.
  return letters.filter(({ subject, reason }) => subject !== '' && reason === '').length;
}
