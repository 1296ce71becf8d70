import { type Bus, listDeadLetters } from '@nss/bus';
import fc from 'fast-check';
import { hostileBody, hostileText } from './hostile.ts';
import type { FuzzedMesh } from './mesh.ts';
import { publishHostile, type QueueMessage, token } from './queues.ts';
import { RECEIVER, type Receiver } from './receiver.ts';
import type { Row } from './rows.ts';
import { drawn, inParallel, settled } from './sending.ts';

/* Hostile events, on the subjects that webhooks read. */

const mostly = (usual: fc.Arbitrary<unknown>) =>
  fc.oneof({ weight: 12, arbitrary: usual }, { weight: 1, arbitrary: fc.oneof(hostileText, fc.jsonValue()) });

/** An event as jobs publish it, but for a part or two. */
const nearlyEvent = fc
  .record({
    specversion: mostly(fc.constant('1.0')),
    id: mostly(fc.uuid()),
    type: mostly(fc.constantFrom('dev.nss.v1.search.created', 'dev.nss.v1.campaign.failed')),
    source: mostly(fc.constant('/tenants/default')),
    subject: mostly(fc.constantFrom('searches/a', 'campaigns/b')),
    data: fc.jsonValue(),
  })
  .map((event) => new TextEncoder().encode(JSON.stringify(event)));

const hostileEvent: fc.Arbitrary<QueueMessage> = fc.record({
  subject: fc
    .tuple(fc.constantFrom('searches', 'campaigns'), token, fc.oneof(fc.constantFrom('created', 'failed'), token))
    .map(([collection, id, participle]) => `nss.v1.cloudevents.${collection}.${id}.${participle}`),
  body: fc.oneof({ weight: 3, arbitrary: nearlyEvent }, { weight: 1, arbitrary: hostileBody }),
});

/** Publishes hostile events in a mesh in which nothing else happens, and says what the webhooks have made of them. */
export async function fuzzWebhooks(
  { bus, receiver }: FuzzedMesh,
  { events, seed }: { readonly events: number; readonly seed: number },
): Promise<Row> {
  const posted = receiver.posted();
  const letters = await lettersOfWebhooks(bus);
  await inParallel(drawn(hostileEvent, events, seed), (message) => publishHostile(bus, message));
  const left = await settled(() => pendingEvents(bus));
  const [delivered, dead] = [receiver.posted() - posted, (await lettersOfWebhooks(bus)) - letters];
  return {
    done: `${events} messages on the subjects of events that webhooks read`,
    expected: 'each posted, or a dead letter with a reason',
    happened: `${delivered} posted, ${dead} dead letters, ${left} left`,
    ok: left === 0 && delivered + dead === events,
  };
}

/** What the receiver has seen in all, of jobs as well. */
export function postedRow({ posted, faults }: Receiver): Row {
  const wrong = faults();
  return {
    done: `${posted()} events posted by webhooks`,
    expected: 'each signed, and a CloudEvent of its tenant',
    happened: wrong.length === 0 ? 'so' : `${wrong.length} are not; ${wrong[0]}`,
    ok: posted() > 0 && wrong.length === 0,
  };
}

/** Events that webhooks have still to deal with. */
export async function pendingEvents({ jsm }: Bus): Promise<number> {
  const { num_pending, num_ack_pending } = await jsm.consumers.info('NSS_EVENTS', `webhook-${RECEIVER}`);
  return num_pending + num_ack_pending;
}

async function lettersOfWebhooks(bus: Bus): Promise<number> {
  return (await listDeadLetters(bus)).filter(({ reason }) => reason.startsWith(`webhook ${RECEIVER}: `)).length;
}
