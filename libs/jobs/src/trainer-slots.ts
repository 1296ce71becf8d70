import { setTimeout as delay } from 'node:timers/promises';
import { RevisionConflict, TEXT } from '@nss/bus';
import { parseStoredId } from '@nss/rpc';
import type { Job } from './kinds.ts';
import { type Storage, stateKey } from './storage.ts';

/*
 * A tenant that may use so many trainers at the same time has so many slots: entries `trainers.<tenant>.<number>` in the bucket of states,
 * each with the job that holds it, and with a number when a job holds several. A job takes one before it asks for a trainer. One that died
 * holds its slot on, and finds it again when another worker goes on with it; a slot whose job has ended, and so has no claim, is anybody's.
 */

const LOOK_AGAIN_MS = 2_000;

/** Between the key of the claim and the number; no key has it. */
const NUMBER_MARK = '#';
const claimOf = (holder: string) => holder.split(NUMBER_MARK)[0];

/** Waits until the tenant of the job may use one more trainer, its `number`th; gives what to call when it is not used any more. */
export async function takeTrainerSlot<R extends Job>(
  storage: Storage<R>,
  { id, number }: { readonly id: string; readonly number: number },
  signal: AbortSignal,
): Promise<() => Promise<void>> {
  const { tenant } = parseStoredId(id);
  const { trainers } = storage.quotas(tenant);
  if (trainers === undefined) return async () => {};
  const claim = stateKey(storage.kind, id, 'claim');
  const owner = number === 0 ? claim : `${claim}${NUMBER_MARK}${number}`;
  for (;;) {
    const release = await tryToTake(storage, { tenant, owner, trainers });
    if (release) return release;
    await delay(LOOK_AGAIN_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

type Slots = { readonly tenant: string; readonly owner: string; readonly trainers: number };

async function tryToTake<R extends Job>(
  { state }: Storage<R>,
  { tenant, owner, trainers }: Slots,
): Promise<(() => Promise<void>) | undefined> {
  const keys = Array.from({ length: trainers }, (_, number) => `trainers.${tenant}.${number}`);
  const slots = await Promise.all(
    keys.map(async (key) => {
      const entry = await state.get(key);
      return { key, revision: entry?.revision, holder: entry && TEXT.decode(entry.value) };
    }),
  );
  const own = slots.filter(({ holder }) => holder === owner);
  for (const { key, revision, holder } of [...own, ...slots]) {
    if (holder !== undefined && holder !== owner && (await state.get(claimOf(holder))) !== undefined) continue;
    try {
      const value = TEXT.encode(owner).finish();
      const taken = revision === undefined ? await state.create(key, value) : await state.update(key, value, revision);
      // Whoever took it meanwhile found that this job had ended.
      return () => state.delete(key, taken).catch(ignoreConflict);
    } catch (error) {
      ignoreConflict(error);
    }
  }
  return undefined;
}

function ignoreConflict(error: unknown): void {
  if (!(error instanceof RevisionConflict)) throw error;
}
