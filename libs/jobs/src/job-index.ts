import type { Entry, Store } from '@nss/bus';
import { parseStoredId } from '@nss/rpc';
import type { Job } from './kinds.ts';
import { comparePlaces, countUpTo, type Place, placeOf } from './pages.ts';

/*
 * A list reads the jobs of its page and no others. It knows where they stand from this index, which reads the bucket once, when it is first
 * asked, and follows it from then on.
 */

/** Where the jobs of every tenant stand in lists. */
export type JobIndex = {
  /** Places of the jobs of a tenant, in order, with every change that was acknowledged before the call. */
  placesOf(tenant: string): Promise<readonly Place[]>;
};

export function jobIndex<R extends Job>(resources: Store<R>): JobIndex {
  let following: Promise<Following> | undefined;
  return {
    async placesOf(tenant) {
      following ??= follow(resources, () => {
        following = undefined;
      });
      const { caughtUpWith, places } = await following;
      await caughtUpWith(await resources.lastRevision());
      return places.of(tenant);
    },
  };
}

type Following = {
  readonly places: Places;
  /** Resolves when the changes up to this revision are in; rejects when the bucket cannot be followed any more. */
  caughtUpWith(revision: number): Promise<void>;
};

/** Reads the bucket, then follows it. `onEnd` is called when that has failed: whoever asks next begins again. */
async function follow<R extends Job>(resources: Store<R>, onEnd: () => void): Promise<Following> {
  try {
    const places = createPlaces();
    let seen = 0;
    for (const entry of await resources.list()) {
      places.add(entry);
      seen = Math.max(seen, entry.revision);
    }
    let waiting: { readonly revision: number; readonly done: PromiseWithResolvers<void> }[] = [];
    let broken: unknown;
    const took = (revision: number) => {
      seen = revision;
      for (const { done } of waiting.filter((each) => each.revision <= seen)) done.resolve();
      waiting = waiting.filter((each) => each.revision > seen);
    };
    void applyChanges(resources, places, seen + 1, took).catch((error) => {
      broken = error;
      onEnd();
      for (const { done } of waiting) done.reject(error);
    });
    return {
      places,
      async caughtUpWith(revision) {
        if (broken) throw broken;
        if (revision <= seen) return;
        const done = Promise.withResolvers<void>();
        waiting.push({ revision, done });
        await done.promise;
      },
    };
  } catch (error) {
    onEnd();
    throw error;
  }
}

/**
 * Never resolves: ends with the error that cuts it off, at the latest when the connection is closed. New jobs are read side by side, since hundreds
 * may come at once, and put in by turns.
 */
async function applyChanges<R extends Job>(
  resources: Store<R>,
  places: Places,
  from: number,
  took: (revision: number) => void,
): Promise<void> {
  // What is in, or will be once it is read.
  const known = new Set(places.ids());
  const failed = Promise.withResolvers<never>();
  let applied = Promise.resolve();
  const follow = async () => {
    for await (const { key, deleted, revision } of resources.watchKeys(from, new AbortController().signal)) {
      const read = deleted || known.has(key) ? [] : resources.getAll([key]);
      if (deleted) known.delete(key);
      else known.add(key);
      const before = applied;
      applied = (async () => {
        const [entries] = await Promise.all([read, before]);
        if (deleted) places.delete(key);
        for (const entry of entries) places.add(entry);
        took(revision);
      })();
      applied.catch(failed.reject);
    }
  };
  await Promise.race([follow(), failed.promise]);
}

type Places = ReturnType<typeof createPlaces>;

/** Places by tenant, in order, and by stored id. */
function createPlaces() {
  const byId = new Map<string, Place>();
  const byTenant = new Map<string, Place[]>();
  const listOf = (id: string) => {
    const { tenant } = parseStoredId(id);
    const list = byTenant.get(tenant) ?? [];
    byTenant.set(tenant, list);
    return list;
  };
  return {
    ids: () => byId.keys(),
    of: (tenant: string): readonly Place[] => byTenant.get(tenant) ?? [],
    add({ key, value }: Entry<Job>) {
      const place = placeOf(value);
      const list = listOf(key);
      list.splice(countUpTo(list, place), 0, place);
      byId.set(key, place);
    },
    delete(id: string) {
      const place = byId.get(id);
      if (!place) return;
      const list = listOf(id);
      const at = countUpTo(list, place) - 1;
      if (comparePlaces(list[at], place) === 0) list.splice(at, 1);
      byId.delete(id);
    },
  };
}
