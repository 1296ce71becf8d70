import { type Entry, storedEvents } from '@nss/bus';
import { parseStoredId } from '@nss/rpc';
import type { Job } from './kinds.ts';
import { eventsDue } from './states.ts';
import { publishEvent, type Storage } from './storage.ts';

/*
 * A change is stored first and published second: a process that dies in between has told nobody. What was stored says which events there
 * must be, and the stream which there are.
 */

/** Events of changes longer ago are not looked for: the stream drops them after 30 days, and they would seem to be missing. */
const LOOKED_FOR_MS = 7 * 24 * 3_600_000;

/** Publishes the events of these jobs that are missing, and gives their subjects' ends, `<id>.<participle>`. */
export type PublishMissing<R extends Job> = (entries: readonly Entry<R>[]) => Promise<string[]>;

/**
 * To be called a minute apart with all jobs of a kind. An event is published when it was missing at the call before, too: whoever stored
 * the change may just be about to publish it. Jobs whose events are all there are not looked at again until they change their state.
 */
export function missingEvents<R extends Job>(storage: Storage<R>): PublishMissing<R> {
  /** Events that are known to be there, by job. */
  const complete = new Map<string, string>();
  let missedBefore: ReadonlySet<string> = new Set();
  return async (entries) => {
    const ids = new Set(entries.map(({ key }) => key));
    for (const id of complete.keys()) if (!ids.has(id)) complete.delete(id);
    const missing = new Set<string>();
    const published: string[] = [];
    for (const entry of entries) {
      const due = eventsDue(entry.value, new Date(Date.now() - LOOKED_FOR_MS));
      if (complete.get(entry.key) === due.join()) continue;
      const { tenant, id } = parseStoredId(entry.key);
      const stored = await storedEvents(storage.bus, tenant, storage.kind.collection, id);
      const absent = due.filter((participle) => !stored.has(participle));
      if (absent.length === 0) complete.set(entry.key, due.join());
      for (const participle of absent) {
        const event = `${entry.key}.${participle}`;
        missing.add(event);
        if (!missedBefore.has(event)) continue;
        await publishEvent(storage, entry, participle);
        published.push(event);
      }
    }
    missedBefore = missing;
    return published;
  };
}
