import { randomUUID } from 'node:crypto';
import { type Entry, RevisionConflict } from '@nss/bus';
import { dataLoss } from '@nss/rpc';
import type { Job } from './kinds.ts';
import { decodeRecord, encodeRecord } from './records.ts';
import { type Storage, stateKey } from './storage.ts';

/*
 * Where a job can go on, as its worker saved it: JSON in the bucket of states, or, when it is larger than a message may be, in an
 * object that the entry names.
 */

/** What is stored: the state itself, or the object that holds it. */
type Saved = { readonly state: unknown } | { readonly object: string };

const VERSION = 1;

/** Messages of 1 MiB are the most that a server takes by default. */
const LARGEST_INLINE_BYTES = 256 * 1024;

/** The saved state, and the revision of its entry; undefined if none was saved. Throws DATA_LOSS. */
export async function loadSaved<R extends Job>(storage: Storage<R>, id: string): Promise<Entry<unknown> | undefined> {
  const key = stateKey(storage.kind, id, 'saved');
  for (;;) {
    const entry = await storage.state.get(key);
    if (entry === undefined) return undefined;
    const saved = decode(entry.value);
    if ('state' in saved) return { ...entry, value: saved.state };
    const bytes = await storage.checkpoints.get(saved.object);
    if (bytes) return { ...entry, value: JSON.parse(new TextDecoder().decode(bytes)) };
    // A worker that lost the job may have saved once more meanwhile, and so dropped the object.
    if ((await storage.state.get(key))?.revision === entry.revision) {
      throw dataLoss(`the saved state of ${storage.kind.collection}/${id} is lost: ${saved.object} is not there`);
    }
  }
}

/**
 * Saves a state that JSON can hold in place of the one of `revision` (0 if there is none), and gives the new revision. Throws
 * RevisionConflict if another worker has saved one.
 */
export async function saveState<R extends Job>(
  storage: Storage<R>,
  id: string,
  state: unknown,
  revision: number,
): Promise<number> {
  const key = stateKey(storage.kind, id, 'saved');
  const before = await storage.state.get(key);
  if ((before?.revision ?? 0) !== revision)
    throw new RevisionConflict(`the saved state of ${id} was changed meanwhile`);
  const inline = encodeRecord(VERSION, { state });
  const object = inline.length > LARGEST_INLINE_BYTES ? `${objectPrefix(storage, id)}${randomUUID()}` : undefined;
  if (object) await storage.checkpoints.put(object, new TextEncoder().encode(JSON.stringify(state)));
  const value = object ? encodeRecord(VERSION, { object }) : inline;
  const saved = before ? await storage.state.update(key, value, revision) : await storage.state.create(key, value);
  const old = before && decode(before.value);
  if (old && 'object' in old) await storage.checkpoints.delete(old.object);
  return saved;
}

/** Deletes the saved state, with objects that a worker that died had stored and not named yet. */
export async function deleteSaved<R extends Job>(storage: Storage<R>, id: string): Promise<void> {
  for (const { name } of await storage.checkpoints.list(objectPrefix(storage, id))) {
    await storage.checkpoints.delete(name);
  }
  await storage.state.delete(stateKey(storage.kind, id, 'saved'));
}

/** Beside the job's checkpoints, not among them: those are its worker's own to list and to drop. */
function objectPrefix({ kind }: { kind: { collection: string } }, id: string): string {
  return `${savedObjects(kind)}${id}/`;
}

/** What the names of the objects of all jobs of a kind begin with. */
export function savedObjects({ collection }: { collection: string }): string {
  return `saved-states/${collection}/`;
}

function decode(bytes: Uint8Array): Saved {
  return decodeRecord(VERSION, 'the saved state of a job', bytes);
}
