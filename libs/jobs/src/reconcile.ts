import type { Entry, StoredObject } from '@nss/bus';
import { JobState } from '@nss/contracts';
import type { Job } from './kinds.ts';
import { stateLabel } from './metrics.ts';
import { missingEvents } from './missing-events.ts';
import { deleteSaved, savedObjects } from './saved-state.ts';
import { isEnded, isOver, stateOf } from './states.ts';
import { announce, enqueue, objectsOf, type Storage } from './storage.ts';

/*
 * What should be so, compared with what is, job by job: every job that has not ended is in the queue, every change of a state was
 * published, and every weight belongs to a job that may still need it.
 */

export type Reconciled = {
  /** Jobs that were in no queue; they are now. */
  readonly requeued: readonly string[];
  /** Events that were missing, `<id>.<participle>`; they are published now. */
  readonly published: readonly string[];
  /** Objects that were deleted. */
  readonly dropped: readonly string[];
  /** Jobs in each state that a job can be in. */
  readonly states: Readonly<Record<string, number>>;
};

/**
 * To be called a minute apart. Puts every job that has not ended into the queue: nearly always all are there; one is not if whoever created it died before it
 * could publish, or if its message was lost. Deletes weights and states of jobs that are gone, failed or were cancelled: a
 * worker that was thought dead may have stored them afterwards. Deletes what uploads have left whose process died.
 *
 * @param publishMissing remembers which events were missing at the call before; without, none is published.
 */
export async function reconcile<R extends Job>(
  storage: Storage<R>,
  publishMissing = missingEvents(storage),
): Promise<Reconciled> {
  // Objects first: one that is stored now belongs to a job that is found below, or to none.
  const objects = await weightsOf(storage);
  const entries = await storage.resources.list();
  const requeued = await requeue(storage, entries);
  const published = await publishMissing(entries);
  const dropped = await sweep(storage, objects, entries);
  for (const bucket of [storage.checkpoints, storage.artifacts]) await bucket.sweep();
  return { requeued, published, dropped, states: countStates(entries) };
}

/** Deletes weights and saved state of a job that has failed or was cancelled. */
export async function dropWeights<R extends Job>(storage: Storage<R>, id: string): Promise<void> {
  const prefix = `${objectsOf(storage.kind, id)}/`;
  for (const { name } of await storage.checkpoints.list(prefix)) await storage.checkpoints.delete(name);
  await deleteSaved(storage, id);
}

async function requeue<R extends Job>(storage: Storage<R>, entries: readonly Entry<R>[]): Promise<string[]> {
  const requeued: string[] = [];
  for (const entry of entries) {
    if (isEnded(entry.value) || !(await enqueue(storage, entry.key))) continue;
    // Whoever creates a job announces it before it queues it, so this one may never have been announced.
    await announce(storage, entry);
    requeued.push(entry.key);
  }
  return requeued;
}

async function sweep<R extends Job>(
  { checkpoints, resources }: Storage<R>,
  objects: ReadonlyMap<string, readonly StoredObject[]>,
  entries: readonly Entry<R>[],
): Promise<string[]> {
  const jobs = new Map(entries.map(({ key, value }) => [key, value]));
  const dropped: string[] = [];
  for (const [id, found] of objects) {
    // A list may lack a job that changed meanwhile.
    const job = jobs.get(id) ?? (await resources.get(id))?.value;
    if (job && !isOver(job)) continue;
    for (const { name } of found) if (await checkpoints.delete(name)) dropped.push(name);
  }
  return dropped;
}

function countStates<R extends Job>(entries: readonly Entry<R>[]): Record<string, number> {
  const states = entries.map(({ value }) => stateOf(value));
  return Object.fromEntries(STATES.map((state) => [stateLabel(state), states.filter((each) => each === state).length]));
}

const { PENDING, RUNNING, CANCELLING, SUCCEEDED, FAILED, CANCELLED } = JobState;
const STATES = [PENDING, RUNNING, CANCELLING, SUCCEEDED, FAILED, CANCELLED];

/** Weights and saved states of jobs of this kind, by the id of the job. */
async function weightsOf<R extends Job>({ checkpoints, kind }: Storage<R>): Promise<Map<string, StoredObject[]>> {
  const prefixes = [`${kind.collection}/`, savedObjects(kind)];
  const byId = new Map<string, StoredObject[]>();
  for (const object of await checkpoints.list()) {
    const prefix = prefixes.find((each) => object.name.startsWith(each));
    if (prefix === undefined) continue;
    const [id] = object.name.slice(prefix.length).split('/');
    byId.set(id, [...(byId.get(id) ?? []), object]);
  }
  return byId;
}
