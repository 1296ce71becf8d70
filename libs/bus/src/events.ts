import type { Bus } from './connection.ts';
import { withPatience } from './retry.ts';
import { EVENTS, eventSubject } from './topology.ts';

/** The participles of the events of a job that are stored, at least once each; events older than 30 days are not there any more. */
export async function storedEvents(
  bus: Bus,
  tenant: string,
  collection: string,
  id: string,
): Promise<ReadonlySet<string>> {
  const pattern = eventSubject(tenant, collection, id, '*');
  const { state } = await withPatience(bus, `look for the events of ${collection}/${id}`, () =>
    bus.jsm.streams.info(EVENTS, { subjects_filter: pattern }),
  );
  return new Set(Object.keys(state.subjects ?? {}).map((subject) => subject.slice(subject.lastIndexOf('.') + 1)));
}
