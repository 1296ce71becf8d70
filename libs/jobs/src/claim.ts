import { RevisionConflict } from '@nss/bus';
import type { JobError } from '@nss/contracts';
import { aborted, type NssError } from '@nss/rpc';
import type { Job } from './kinds.ts';
import { decodeRecord, encodeRecord } from './records.ts';
import { type Storage, stateKey } from './storage.ts';

/*
 * The queue holds one message a job and gives it to one worker at a time. One case is left: a worker that was silent for longer
 * than the ack wait, because it hung or was cut off, loses the message to another one and does not know. Claims keep the two
 * from writing over each other. Whoever takes a job writes a claim, then changes the resource. A worker reads the resource, then
 * its claim, then writes by compare-and-swap: if its claim was still there, a later claimant has yet to change the resource, and
 * if that comes first, the swap fails. So after a claim no worker before it changes the resource again.
 *
 * A worker renews its claim several times a lease: a claim that has stopped changing tells everybody that its worker is gone
 * (see vanished.ts). A job that has ended has none.
 */

/** A worker's hold on a job. */
export type Claim = {
  readonly id: string;
  /** Of the claim's entry: whoever claims the job next changes it. */
  readonly revision: number;
  /** Attempts in a row, this one included, in which no worker saved a state nor ended in order. */
  readonly tries: number;
  /** What the attempt before ended with, unless its worker died. */
  readonly lastError: JobError | undefined;
};

/** What is stored of a claim. */
type ClaimRecord = { readonly worker: string; readonly tries: number; readonly lastError?: JobError };

const VERSION = 1;

/** Another worker has the job, or it was deleted: this one stops and changes nothing any more. */
export function claimLost(name: string): NssError {
  return aborted(`${name} was taken over by another worker or deleted`, { reason: 'CLAIM_LOST', retryable: false });
}

/** Takes a job over from whoever had it. */
export async function claim<R extends Job>(storage: Storage<R>, id: string, worker: string): Promise<Claim> {
  const key = stateKey(storage.kind, id, 'claim');
  const before = await storage.state.get(key);
  const { tries, lastError } = before ? decode(before.value) : { tries: 0, lastError: undefined };
  const record = { worker, tries: tries + 1, lastError };
  return { id, tries: record.tries, lastError, revision: await storage.state.put(key, encode(record)) };
}

/** Throws CLAIM_LOST if the claim is not the last one. */
export async function checkClaim<R extends Job>(storage: Storage<R>, { id, revision }: Claim): Promise<void> {
  const found = await storage.state.get(stateKey(storage.kind, id, 'claim'));
  if (found?.revision !== revision) throw claimLost(`${storage.kind.collection}/${id}`);
}

/** Gives the claim back: the job has ended. */
export async function dropClaim<R extends Job>(storage: Storage<R>, id: string): Promise<void> {
  await storage.state.delete(stateKey(storage.kind, id, 'claim'));
}

/** Says that the worker lives, and notes how the attempt went. Throws CLAIM_LOST. */
export async function renewClaim<R extends Job>(
  storage: Storage<R>,
  held: Claim,
  worker: string,
  { tries, lastError }: { tries: number; lastError?: JobError },
): Promise<Claim> {
  const key = stateKey(storage.kind, held.id, 'claim');
  try {
    const revision = await storage.state.update(key, encode({ worker, tries, lastError }), held.revision);
    return { ...held, revision, tries, lastError };
  } catch (error) {
    if (!(error instanceof RevisionConflict)) throw error;
    // The answer to a first attempt may have been lost; then the entry is this worker's own.
    const found = await storage.state.get(key);
    if (!found || decode(found.value).worker !== worker) throw claimLost(`${storage.kind.collection}/${held.id}`);
    return { ...held, revision: found.revision, tries, lastError };
  }
}

function encode(record: ClaimRecord): Uint8Array {
  return encodeRecord(VERSION, record);
}

function decode(bytes: Uint8Array): ClaimRecord {
  return decodeRecord(VERSION, 'the claim of a job', bytes);
}
