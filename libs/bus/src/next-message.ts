import type { MsgRequest, StoredMsg } from '@nats-io/jetstream';
import type { Bus } from './connection.ts';

/**
 * The first message of a subject, or of a pattern of subjects, from a sequence number on; null when there is none. Messages that the
 * disk has damaged are passed over. The client's types know this of direct reads only, which answer nothing for those.
 */
export function nextMessage({ jsm }: Bus, stream: string, subject: string, seq: number): Promise<StoredMsg | null> {
  return jsm.streams.getMessage(stream, { next_by_subj: subject, seq } as unknown as MsgRequest);
}
