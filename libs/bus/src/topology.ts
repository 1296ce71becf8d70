import {
  AckPolicy,
  DeliverPolicy,
  DiscardPolicy,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { DEFAULT_TENANT, storedId } from '@nss/rpc';
import type { Bus } from './connection.ts';
import { isNameInUse } from './errors.ts';
import { createdWithPatience, withPatience } from './retry.ts';

/*
 * Subjects of different streams must not overlap. They cannot: events have five parts or seven, as CloudEvents six or eight, jobs six
 * that differ in the third, leases and dead letters four that do.
 */

/**
 * Where an event of a job is published: `nss.v1.<collection>.<id>.<participle>`, for all but the tenant `default` as
 * `nss.v1.tenants.<tenant>.<collection>.<id>.<participle>`, so that a user of NATS can be kept to the events of one tenant.
 */
export function eventSubject(tenant: string, collection: string, id: string, participle: string): string {
  return `${ofTenant(tenant)}.${collection}.${id}.${participle}`;
}

/** Where the same event is published in JSON, as a CloudEvent: `nss.v1.cloudevents.<collection>.<id>.<participle>`. */
export function cloudEventSubject(tenant: string, collection: string, id: string, participle: string): string {
  return `${ofTenant(tenant)}.cloudevents.${collection}.${id}.${participle}`;
}

function ofTenant(tenant: string): string {
  return tenant === DEFAULT_TENANT ? 'nss.v1' : `nss.v1.tenants.${tenant}`;
}

/** Where the work of a job is queued; the id is the stored one, with the tenant in front. */
export function jobSubject(collection: string, id: string): string {
  return `nss.v1.jobs.${collection}.${id}.requested`;
}

/** Collection and stored id of the job whose work is queued on a subject, or whose CloudEvents are; undefined for other subjects. */
export function jobOfSubject(subject: string): { collection: string; storedId: string } | undefined {
  const queued = /^nss\.v1\.jobs\.([^.]+)\.([^.]+)\.requested$/.exec(subject);
  if (queued) return { collection: queued[1], storedId: queued[2] };
  const told = /^nss\.v1\.(?:tenants\.([^.]+)\.)?cloudevents\.([^.]+)\.([^.]+)\.[^.]+$/.exec(subject);
  return told ? { collection: told[2], storedId: storedId(told[1] ?? DEFAULT_TENANT, told[3]) } : undefined;
}

export const LEASE_SUBJECT = 'nss.v1.leases.requested';

/** The stream of messages that nobody could handle. */
export const DEAD_LETTERS = 'NSS_DEAD_LETTERS';

/** Where messages of a queue's stream go that nobody could handle. */
export function deadSubject(stream: string): string {
  return `nss.v1.dead.${stream}`;
}

/** A durable consumer of a work queue. */
export type QueueName = {
  readonly stream: string;
  readonly consumer: string;
  readonly subject: string;
  /** Others read the stream, too: what was acknowledged stays in it, and a consumer begins with what comes after it was made. */
  readonly shared?: boolean;
};

export const LEASE_QUEUE: QueueName = { stream: 'NSS_LEASES', consumer: 'trainers', subject: LEASE_SUBJECT };

/** The work queue of one kind of job. */
export function jobQueue(collection: string): QueueName {
  return { stream: 'NSS_JOBS', consumer: collection, subject: jobSubject(collection, '*') };
}

/** The events of a tenant as CloudEvents, for one who handles each of them. */
export function cloudEventQueue(consumer: string, tenant: string): QueueName {
  return { stream: EVENTS, consumer, subject: cloudEventSubject(tenant, '*', '*', '*'), shared: true };
}

/** How long a worker may be silent before its message goes to another one. */
export const ACK_WAIT_MS = 30_000;

/** Events and dead letters older than this are dropped. */
const KEPT_MS = 30 * 24 * 3_600_000;

/** Within this time a message id is stored once only. */
const DUPLICATE_WINDOW_MS = 120_000;

/** The stream of events. */
export const EVENTS = 'NSS_EVENTS';

const STREAMS: readonly (Partial<StreamConfig> & { name: string })[] = [
  {
    name: EVENTS,
    subjects: [DEFAULT_TENANT, '*'].flatMap((tenant) =>
      [eventSubject, cloudEventSubject].map((subject) => subject(tenant, '*', '*', '*')),
    ),
    retention: RetentionPolicy.Limits,
    max_age: nanos(KEPT_MS),
    duplicate_window: nanos(DUPLICATE_WINDOW_MS),
  },
  {
    /*
     * One subject a job and one message a subject, waiting or held: the server itself keeps a job from being queued twice,
     * so publishing again is always safe. A message leaves the stream when it is acknowledged.
     */
    name: 'NSS_JOBS',
    subjects: [jobSubject('*', '*')],
    retention: RetentionPolicy.Workqueue,
    discard: DiscardPolicy.New,
    max_msgs_per_subject: 1,
    discard_new_per_subject: true,
  },
  {
    name: DEAD_LETTERS,
    subjects: [deadSubject('*')],
    retention: RetentionPolicy.Limits,
    max_age: nanos(KEPT_MS),
    duplicate_window: nanos(DUPLICATE_WINDOW_MS),
  },
  { name: 'NSS_LEASES', subjects: [LEASE_SUBJECT], retention: RetentionPolicy.Workqueue },
];

/**
 * Creates the streams and the queue of leases, or brings them to this configuration. Any number of services may do so
 * at once.
 */
export async function ensureTopology(bus: Bus, options: { ackWaitMs?: number } = {}): Promise<void> {
  for (const stream of STREAMS) await ensureStream(bus, stream);
  await ensureQueue(bus, LEASE_QUEUE, options);
}

/** Creates the durable consumer of a queue whose stream exists. */
export async function ensureQueue(
  bus: Bus,
  { stream, consumer, subject, shared }: QueueName,
  { ackWaitMs = ACK_WAIT_MS }: { ackWaitMs?: number } = {},
): Promise<void> {
  await withPatience(bus, `create the consumer ${consumer} of ${stream}`, () =>
    // Adding a durable consumer that exists updates it.
    bus.jsm.consumers.add(stream, {
      durable_name: consumer,
      deliver_policy: shared ? DeliverPolicy.New : DeliverPolicy.All,
      filter_subject: subject,
      ack_policy: AckPolicy.Explicit,
      ack_wait: nanos(ackWaitMs),
      max_deliver: -1,
    }),
  );
}

async function ensureStream(bus: Bus, config: Partial<StreamConfig> & { name: string }): Promise<void> {
  const full = { ...config, storage: StorageType.File, num_replicas: bus.replicas };
  await createdWithPatience(bus, `create the stream ${config.name}`, async () => {
    try {
      // Adding a stream that exists with the same configuration changes nothing.
      await bus.jsm.streams.add(full);
    } catch (error) {
      if (!isNameInUse(error)) throw error;
      await bus.jsm.streams.update(config.name, full);
    }
  });
}
