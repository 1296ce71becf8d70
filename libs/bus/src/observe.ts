import type { Bus } from './connection.ts';
import { busMetrics } from './metrics.ts';
import { nextMessage } from './next-message.ts';
import { DEAD_LETTERS, type QueueName } from './topology.ts';

/*
 * What a metric shows is asked of the server when somebody scrapes it, never before. While NATS is away there is no value: the metric
 * of the connection says so.
 */

/** Shows how long a queue is and how old, until what this gives is called. The queue must exist. */
export function observeQueue(bus: Bus, { stream, consumer, subject }: QueueName): () => void {
  const attributes = { stream, queue: consumer };
  const info = () => bus.link.whileUp(() => bus.jsm.consumers.info(stream, consumer));
  const forgetMessages = busMetrics.queueMessages.observe(async (observe) => {
    const { num_pending: waiting, num_ack_pending: held } = await info();
    observe(waiting, { ...attributes, state: 'waiting' });
    observe(held, { ...attributes, state: 'held' });
  });
  const forgetOldest = busMetrics.queueOldest.observe(async (observe) => {
    const { num_pending: waiting, delivered } = await info();
    const oldest = waiting > 0 && (await nextMessage(bus, stream, subject, delivered.stream_seq + 1));
    observe(oldest ? Math.max(0, (Date.now() - oldest.time.getTime()) / 1_000) : 0, attributes);
  });
  return () => {
    forgetMessages();
    forgetOldest();
  };
}

/** Shows how many messages nobody could handle. The topology must stand. */
export function observeDeadLetters(bus: Bus): () => void {
  return busMetrics.deadLetters.observe(async (observe) => {
    const { state } = await bus.link.whileUp(() => bus.jsm.streams.info(DEAD_LETTERS));
    observe(state.messages);
  });
}
