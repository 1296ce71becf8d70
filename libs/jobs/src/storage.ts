import {
  ACK_WAIT_MS,
  ARTIFACTS,
  type Bus,
  CHECKPOINTS,
  type Codec,
  cloudEventSubject,
  type Entry,
  ensureQueue,
  eventSubject,
  jobQueue,
  jobSubject,
  type Objects,
  openObjects,
  openStore,
  publish,
  publishOnce,
  RevisionConflict,
  type Store,
  unpublish,
} from '@nss/bus';
import { type Collection, parseStoredId, storedName } from '@nss/rpc';
import type { Quotas } from '@nss/runtime';
import { cloudEventOf } from './cloud-event.ts';
import { type JobIndex, jobIndex } from './job-index.ts';
import type { Job, JobKind } from './kinds.ts';
import { jobMetrics, stateLabel } from './metrics.ts';
import { checkVersion } from './records.ts';
import { isEnded, participleOf, stateOf, statusOf } from './states.ts';

/*
 * Jobs of all tenants lie side by side. Everything here and below goes by the stored id, which has the tenant in front (see tenants.ts
 * of @nss/rpc); only what callers say and see, names and ids, has not.
 */

/** Where jobs of one kind are kept, queued and announced. */
export type Storage<R extends Job> = {
  readonly bus: Bus;
  readonly kind: JobKind<R>;
  /** How long a worker may be silent before its job goes to another one. */
  readonly leaseMs: number;
  /** What each tenant may use at most. */
  readonly quotas: Quotas;
  /** Resources by stored id, in bucket `nss-<collection>`. */
  readonly resources: Store<R>;
  readonly index: JobIndex;
  /** Claims, saved states and requests, by `<collection>.<id>.<what>`, in bucket `nss-job-state`. */
  readonly state: Store<Uint8Array>;
  readonly artifacts: Objects;
  readonly checkpoints: Objects;
};

export type OpenJobs = {
  /** How long a worker may be silent before its job goes to another one, 30 s unless told. */
  readonly ackWaitMs?: number;
  /** What each tenant may use at most; no limits unless told. */
  readonly quotas?: Quotas;
};

const STATE_BUCKET = 'nss-job-state';

/** Changes of a job that a watcher may miss while it reconnects and still get; NATS keeps no more than 64. */
const HISTORY = 64;

/** Opens the buckets and the queue; the topology must stand. */
export async function openStorage<R extends Job>(bus: Bus, kind: JobKind<R>, options: OpenJobs): Promise<Storage<R>> {
  await ensureQueue(bus, jobQueue(kind.collection), options);
  const resources = await openStore(bus, `nss-${kind.collection}`, stored(kind), { history: HISTORY });
  return {
    bus,
    kind,
    leaseMs: options.ackWaitMs ?? ACK_WAIT_MS,
    quotas: options.quotas ?? (() => ({})),
    resources,
    index: jobIndex(resources),
    state: await openStore(bus, STATE_BUCKET, BYTES),
    artifacts: await openObjects(bus, ARTIFACTS),
    checkpoints: await openObjects(bus, CHECKPOINTS),
  };
}

/** What the names of a job's objects begin with: its name, with the tenant in front of the id. */
export function objectsOf({ collection }: { collection: Collection }, id: string): string {
  return `${collection}/${id}`;
}

/** Key of something that belongs to a job, or (`request`) to whoever asked for one, in the bucket of states. */
export function stateKey(
  { collection }: { collection: string },
  id: string,
  what: 'claim' | 'saved' | 'request',
): string {
  return `${collection}.${id}.${what}`;
}

/**
 * Changes a resource by compare-and-swap, and announces its state if that is new. `change` may run several times, and returns
 * the same object to leave all as it is. `read` gives the entry to start from, and throws if there is none or it must not be
 * changed.
 */
export async function changeResource<R extends Job>(
  storage: Storage<R>,
  id: string,
  read: (attempt: number) => Promise<Entry<R>>,
  change: (resource: R) => R,
): Promise<Entry<R>> {
  let stateBefore: string | undefined;
  for (let attempt = 0; ; attempt++) {
    const before = await read(attempt);
    // An attempt whose answer was lost may have taken effect: what counts is the state that was found first.
    stateBefore ??= stateOf(before.value);
    const value = change(before.value);
    try {
      const changed = value !== before.value;
      const revision = changed ? await storage.resources.update(id, value, before.revision) : before.revision;
      const entry = { key: id, value, revision };
      if (stateOf(value) !== stateBefore) {
        countEnd(storage.kind.collection, value);
        await announce(storage, entry);
      }
      return entry;
    } catch (error) {
      if (!(error instanceof RevisionConflict)) throw error;
    }
  }
}

/**
 * Publishes the event that a job is in its state. Doing so again within two minutes changes nothing. Who dies between changing a state
 * and this leaves it to whoever looks at the job next, or to missing-events.ts: events come at least once.
 */
export async function announce<R extends Job>(storage: Storage<R>, entry: Entry<R>): Promise<void> {
  const participle = participleOf(entry.value);
  if (participle) await publishEvent(storage, entry, participle);
}

function countEnd(collection: string, job: Job): void {
  if (!isEnded(job)) return;
  jobMetrics.ended.add(1, { collection, state: stateLabel(stateOf(job)) });
}

/** Publishes the event of the job as a CloudEvent and with the resource as its body (see `eventSubject`). */
export async function publishEvent<R extends Job>(
  { bus, kind }: Storage<R>,
  { key: stored, value, revision }: Entry<R>,
  participle: string,
): Promise<void> {
  const { tenant, id } = parseStoredId(stored);
  const messageId = `${storedName(tenant, value.name)}/${revision}/${participle}`;
  const cloudEvent = cloudEventOf(value, { singular: kind.singular, participle, revision, now: new Date() });
  const json = Buffer.from(JSON.stringify(cloudEvent));
  // The other one comes last: whoever finds it knows that both are there.
  await publish(bus, cloudEventSubject(tenant, kind.collection, id, participle), json, {
    messageId: `${messageId}/cloudevent`,
  });
  await publish(bus, eventSubject(tenant, kind.collection, id, participle), kind.codec.encode(value).finish(), {
    messageId,
  });
}

/** Puts a job into the work queue, unless it is there already, waiting or held by a worker. */
export async function enqueue<R extends Job>({ bus, kind }: Storage<R>, id: string): Promise<boolean> {
  return publishOnce(bus, jobSubject(kind.collection, id), new TextEncoder().encode(objectsOf(kind, id)));
}

const BYTES: Codec<Uint8Array> = { encode: (value) => ({ finish: () => value }), decode: (bytes) => bytes };

/** Takes the message of a job that has ended out of the queue, if a crash of the server has left it there. */
export async function dequeue<R extends Job>({ bus, kind }: Storage<R>, id: string): Promise<void> {
  await unpublish(bus, jobQueue(kind.collection).stream, jobSubject(kind.collection, id));
}

/** The form in which resources of this kind are stored. */
const VERSION = 1;

/** Resources as they are stored: with the number of their form, which is checked when they are read. */
function stored<R extends Job>({ codec, collection }: JobKind<R>): Codec<R> {
  return {
    encode: (value) => codec.encode({ ...value, status: { ...statusOf(value), version: VERSION } }),
    decode(bytes) {
      const value = codec.decode(bytes);
      checkVersion(VERSION, statusOf(value).version, value.name || `a resource of ${collection}`);
      return value;
    },
  };
}
