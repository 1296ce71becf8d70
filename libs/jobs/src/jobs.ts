import { createHash, randomBytes } from 'node:crypto';
import { type Bus, type Entry, RevisionConflict } from '@nss/bus';
import { JobState, JobStatus } from '@nss/contracts';
import {
  alreadyExists,
  DEFAULT_TENANT,
  failedPrecondition,
  invalidArgument,
  NssError,
  notFound,
  parseId,
  parseName,
  resourceName,
  storedId,
} from '@nss/rpc';
import { context, propagation } from '@opentelemetry/api';
import { typed } from './errors.ts';
import { idField, type Job, type JobKind } from './kinds.ts';
import { type Page, type PageRequest, pageOf } from './pages.ts';
import { forgetRequest, idOfRequest } from './request-ids.ts';
import { deleteSaved } from './saved-state.ts';
import { cancelled, isEnded, resumed, stateOf, statusOf, suspended, tenantOf } from './states.ts';
import {
  announce,
  changeResource,
  dequeue,
  enqueue,
  type OpenJobs,
  objectsOf,
  openStorage,
  publishEvent,
  type Storage,
  stateKey,
} from './storage.ts';

export type CreateJob<R> = {
  /** Last segment of the name; made from `requestId` when empty, at random when that is empty too. */
  readonly id?: string;
  /** A retry with the same one gives the same job. */
  readonly requestId?: string;
  /** Name and status are set here; everything else is stored as it is. */
  readonly resource: R;
  /** Trace that the job belongs to; the active one when left out. */
  readonly traceparent?: string;
};

/** A job after one of its changes. */
export type JobChange<R> = {
  /** Grows with every change of the job. */
  readonly change: number;
  readonly resource: R;
};

/**
 * Jobs of one kind, of one tenant: those of others are not there. Everything throws NssErrors: NOT_FOUND for names of no job, INVALID_ARGUMENT for what is not a name, and
 * UNAVAILABLE while NATS cannot be reached.
 */
export type Jobs<R extends Job> = {
  readonly kind: JobKind<R>;
  /** For `runJobs`, which works for all tenants. */
  readonly storage: Storage<R>;
  /** The jobs of another tenant. */
  of(tenant: string): Jobs<R>;
  /**
   * Stores a job and queues its work. The same `requestId` gives the same job, also when both calls run at once. Another
   * request for an id that is taken is ALREADY_EXISTS, and so is the same request with another id (reason REQUEST_REPEATED).
   */
  create(request: CreateJob<R>): Promise<R>;
  get(name: string): Promise<R>;
  list(request?: PageRequest): Promise<Page<R>>;
  /** Asks the job to stop: CANCELLED at once if no worker has it, else CANCELLING. A job that has ended stays as it is. */
  cancel(name: string): Promise<R>;
  /** As `cancel`, but keeps what the job needs to go on. */
  suspend(name: string): Promise<R>;
  /**
   * Queues a job again that was suspended or whose budget was used up, changed by `change`; one that goes on already stays as it is.
   * FAILED_PRECONDITION (JOB_NOT_RESUMABLE) for others, and for one that has not stopped yet.
   */
  resume(name: string, change?: (resource: R, stopped: R) => R): Promise<R>;
  /** Deletes a job that has ended, with its artifacts, checkpoints and saved state; FAILED_PRECONDITION if it has not. */
  delete(name: string): Promise<void>;
  /**
   * The job as it is now (unless that change is `afterChange` or older), then every change, until it has ended; with
   * `afterChange`, everything that came after it, as far back as the last 64 changes. Returns when `signal` is aborted.
   */
  watch(name: string, afterChange: number, signal: AbortSignal): AsyncGenerator<JobChange<R>, void, undefined>;
  /** Changes the resource by compare-and-swap; `change` may run several times. Workers use `RunningJob.update`. */
  update(name: string, change: (resource: R) => R): Promise<R>;
};

/**
 * Opens the jobs of one kind, and creates what they need on the bus, whose topology must stand. Those that it gives are of the tenant
 * `default`.
 */
export async function openJobs<R extends Job>(bus: Bus, kind: JobKind<R>, options: OpenJobs = {}): Promise<Jobs<R>> {
  return jobsOf(await typed(() => openStorage(bus, kind, options)), DEFAULT_TENANT);
}

function jobsOf<R extends Job>(storage: Storage<R>, tenant: string): Jobs<R> {
  const { resources, kind } = storage;

  /** Entry of the job of this name. */
  const entryOf = async (name: string): Promise<Entry<R>> => {
    const entry = await resources.get(storedId(tenant, parseName(kind.collection, name)));
    if (entry === undefined) throw notFound(name);
    return entry;
  };
  const update = (name: string, change: (resource: R) => R) =>
    typed(async () => {
      const id = storedId(tenant, parseName(kind.collection, name));
      return (await changeResource(storage, id, () => entryOf(name), change)).value;
    });

  const resume = async (name: string, change = (resource: R, _stopped: R) => resource) => {
    const resource = await update(name, (job) => {
      const waiting = resumed(job);
      if (!waiting) throw notResumable(job);
      return waiting === job ? job : change(waiting, job);
    });
    // Done for a job that went on already, too: the call that resumed it may have died before it came here.
    if (stateOf(resource) === JobState.PENDING) {
      await typed(() => enqueue(storage, storedId(tenant, parseName(kind.collection, name))));
    }
    return resource;
  };

  return {
    kind,
    storage,
    of: (other) => jobsOf(storage, other),
    create: (request) => typed(() => create(storage, tenant, request)),
    get: (name) => typed(async () => (await entryOf(name)).value),
    list: (request = {}) =>
      typed(async () => {
        const { places, nextPageToken } = pageOf(await storage.index.placesOf(tenant), kind.collection, request);
        const keys = places.map(({ name }) => storedId(tenant, parseName(kind.collection, name)));
        // Those that were deleted meanwhile are left out.
        const entries = await resources.getAll(keys);
        return { resources: entries.map(({ value }) => value), nextPageToken };
      }),
    cancel: (name) => update(name, (job) => cancelled(job, new Date())),
    suspend: (name) => update(name, (job) => suspended(job, new Date())),
    resume,
    delete: (name) => typed(async () => deleteJob(storage, () => entryOf(name))),
    watch: (name, afterChange, signal) => watch(storage, () => entryOf(name), afterChange, signal),
    update,
  };
}

function notResumable(job: Job): NssError {
  const stopping = stateOf(job) === JobState.CANCELLING;
  const what = stopping ? 'has not stopped yet; try again when it has' : 'cannot go on; create another one';
  return failedPrecondition(`${job.name} ${what}`, { reason: 'JOB_NOT_RESUMABLE', retryable: false });
}

async function create<R extends Job>(storage: Storage<R>, tenant: string, request: CreateJob<R>): Promise<R> {
  const { resources, kind } = storage;
  const { requestId = '', resource, traceparent = activeTraceparent() } = request;
  const wanted = request.id ? parseId(idField(kind.singular), request.id) : idFor(requestId);
  const id = requestId
    ? await idOfRequest(storage, requestId, { tenant, id: wanted, explicit: Boolean(request.id) })
    : wanted;
  const key = storedId(tenant, id);
  const name = resourceName(kind.collection, id);
  const createTime = new Date();
  const status = JobStatus.fromPartial({ state: JobState.PENDING, createTime, requestId, traceparent, tenant });
  const entry = await createOrFind(storage, key, { ...resource, name, status });
  if (entry.found && (requestId === '' || statusOf(entry.value).requestId !== requestId)) {
    // It made nothing: it may come again with another id.
    await forgetRequest(storage, tenant, requestId);
    throw alreadyExists(name);
  }
  /*
   * Done for a job that was found, too: the call that created it may have died before it came here. Stored first, announced
   * second, queued last, so that nobody can know of a job that may be lost, nor start one that was not announced.
   */
  if (stateOf(entry.value) === JobState.PENDING) {
    await announce(storage, entry);
    await enqueue(storage, key);
  }
  return (await resources.get(key))?.value ?? entry.value;
}

async function createOrFind<R extends Job>(
  { resources }: Storage<R>,
  id: string,
  value: R,
): Promise<Entry<R> & { found: boolean }> {
  for (;;) {
    try {
      return { key: id, value, revision: await resources.create(id, value), found: false };
    } catch (error) {
      if (!(error instanceof RevisionConflict)) throw error;
    }
    const existing = await resources.get(id);
    // Deleted between the two: create it after all.
    if (existing) return { ...existing, found: true };
  }
}

function idFor(requestId: string): string {
  // Ids begin with a letter.
  if (requestId === '') return `j${randomBytes(10).toString('hex')}`;
  return `j${createHash('sha256').update(requestId).digest('hex').slice(0, 20)}`;
}

function activeTraceparent(): string {
  const carrier: { traceparent?: string } = {};
  propagation.inject(context.active(), carrier);
  return carrier.traceparent ?? '';
}

/** Deletes a job that has ended; `Jobs.delete`. */
export async function deleteJob<R extends Job>(storage: Storage<R>, read: () => Promise<Entry<R>>): Promise<void> {
  const { resources, state, artifacts, checkpoints, kind } = storage;
  const entry = await read();
  const { key: id, value, revision } = entry;
  if (!isEnded(value)) {
    throw failedPrecondition(`${value.name} has not ended; cancel it, and delete it when it has stopped`, {
      reason: 'JOB_NOT_ENDED',
    });
  }
  // The resource goes last: as long as it is there, a delete that was interrupted can be repeated.
  for (const objects of [artifacts, checkpoints]) {
    for (const { name } of await objects.list(`${objectsOf(kind, id)}/`)) await objects.delete(name);
  }
  await deleteSaved(storage, id);
  await state.delete(stateKey(kind, id, 'claim'));
  await forgetRequest(storage, tenantOf(value), statusOf(value).requestId);
  await dequeue(storage, id);
  // Before it is true: an event that came after could be lost for good, with nothing left to repeat the delete on.
  await publishEvent(storage, entry, 'deleted');
  try {
    await resources.delete(id, revision);
  } catch (error) {
    // A job that has ended does not change: somebody else has deleted it.
    if (!(error instanceof RevisionConflict)) throw error;
  }
}

async function* watch<R extends Job>(
  { resources }: Storage<R>,
  read: () => Promise<Entry<R>>,
  afterChange: number,
  signal: AbortSignal,
): AsyncGenerator<JobChange<R>, void, undefined> {
  if (!Number.isSafeInteger(afterChange) || afterChange < 0) {
    const description = `expected 0 or the number of a change, found ${afterChange}`;
    throw invalidArgument([{ field: 'after_change', description }]);
  }
  try {
    const now = await read();
    // Changes of other jobs come between; none of this one lies between its last and `afterChange`.
    if (now.revision <= afterChange && isEnded(now.value)) return;
    const from = afterChange === 0 ? now.revision : Math.min(afterChange, now.revision) + 1;
    for await (const { value, revision } of resources.watch(now.key, from, signal)) {
      if (value !== undefined) yield { change: revision, resource: value };
      // A job of this name that was deleted before this one was created is history, too.
      else if (revision > now.revision) throw notFound(now.value.name);
      if (value !== undefined && revision >= now.revision && isEnded(value)) return;
    }
  } catch (error) {
    throw NssError.from(error);
  }
}
