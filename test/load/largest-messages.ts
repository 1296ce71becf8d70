import type { Bus } from '@nss/bus';

/** The largest message that a stream holds. */
export type Largest = { readonly stream: string; readonly messages: number; readonly bytes: number };

const SIZE_HEADER = 'Nats-Msg-Size';

/** Looks at the sizes of all messages of all streams: what is queued, announced, and stored of jobs and objects. */
export async function largestMessages({ js, jsm }: Pick<Bus, 'js' | 'jsm'>): Promise<Largest[]> {
  const found: Largest[] = [];
  for await (const { config, state } of jsm.streams.list()) {
    const stream = config.name;
    let bytes = 0;
    if (state.messages > 0) {
      const consumer = await js.consumers.get(stream, { headers_only: true });
      const messages = await consumer.consume({ max_messages: 1_000 });
      for await (const { headers, info } of messages) {
        bytes = Math.max(bytes, Number(headers?.get(SIZE_HEADER)));
        if (info.pending === 0) break;
      }
      await messages.close();
    }
    found.push({ stream, messages: state.messages, bytes });
  }
  return found.sort((a, b) => (a.stream < b.stream ? -1 : 1));
}
