import { createHash } from 'node:crypto';
import { RevisionConflict } from '@nss/bus';
import { alreadyExists, resourceName, storedId } from '@nss/rpc';
import type { Job } from './kinds.ts';
import { decodeRecord, encodeRecord } from './records.ts';
import { type Storage, stateKey } from './storage.ts';

/*
 * One request makes one job, whatever ids its retries come with: the first one to be stored says which.
 */

type RequestRecord = { readonly id: string };

const VERSION = 1;

/**
 * The id of the job that a request makes: `id`, or the one that it was given before. Throws ALREADY_EXISTS (REQUEST_REPEATED), with the
 * first job's name, when the request came with another explicit id before.
 */
export async function idOfRequest<R extends Job>(
  storage: Storage<R>,
  requestId: string,
  { tenant, id, explicit }: { tenant: string; id: string; explicit: boolean },
): Promise<string> {
  const { state, kind } = storage;
  const key = keyOf(storage, tenant, requestId);
  for (;;) {
    const found = await state.get(key);
    if (found) {
      const first = decodeRecord<RequestRecord>(VERSION, 'a request', found.value).id;
      if (first === id || !explicit) return first;
      throw alreadyExists(resourceName(kind.collection, first), { reason: 'REQUEST_REPEATED' });
    }
    try {
      await state.create(key, encodeRecord(VERSION, { id }));
      return id;
    } catch (error) {
      // Another attempt of the same request was faster.
      if (!(error instanceof RevisionConflict)) throw error;
    }
  }
}

/** Forgets a request; its job is being deleted. */
export async function forgetRequest<R extends Job>(
  storage: Storage<R>,
  tenant: string,
  requestId: string,
): Promise<void> {
  if (requestId !== '') await storage.state.delete(keyOf(storage, tenant, requestId));
}

function keyOf<R extends Job>({ kind }: Storage<R>, tenant: string, requestId: string): string {
  return stateKey(kind, storedId(tenant, createHash('sha256').update(requestId).digest('hex')), 'request');
}
