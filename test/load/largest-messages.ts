import { RetentionPolicy } from '@nats-io/jetstream';
import type { Bus } from '@nss/bus';

/** The largest message that a stream holds. */
export type Largest = { readonly stream: string; readonly messages: number; readonly bytes: number };

const BATCH = 5_000;
/** Messages that are there come at once; the server takes no shorter time. */
const WAIT_MS = 1_000;
const SIZE_HEADER = 'Nats-Msg-Size';

/** Looks at the sizes of all messages that are announced, and stored of jobs and objects; work queues are not to be read by others. */
export async function largestMessages({ js, jsm }: Pick<Bus, 'js' | 'jsm'>): Promise<Largest[]> {
  const found: Largest[] = [];
  for await (const { config } of jsm.streams.list()) {
    if (config.retention === RetentionPolicy.Workqueue) continue;
    const stream = config.name;
    const consumer = await js.consumers.get(stream, { headers_only: true });
    let [messages, bytes] = [0, 0];
    for (let before = -1; before < messages; ) {
      before = messages;
      for await (const { headers } of await consumer.fetch({ max_messages: BATCH, expires: WAIT_MS })) {
        messages++;
        bytes = Math.max(bytes, Number(headers?.get(SIZE_HEADER)));
      }
    }
    found.push({ stream, messages, bytes });
  }
  return found.sort((a, b) => (a.stream < b.stream ? -1 : 1));
}
