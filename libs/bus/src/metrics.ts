import { instrumentsOf } from '@nss/runtime';

/** The metrics of queues, of the connection to NATS and of object storage. */
export const BUS_METRICS = {
  connected: {
    name: 'nss.nats.connected',
    kind: 'gauge',
    unit: '1',
    description: 'Whether the connection to NATS stands: 1 or 0.',
  },
  queueMessages: {
    name: 'nss.queue.messages',
    kind: 'gauge',
    unit: '{message}',
    description: 'Messages in a work queue, by `stream`, `queue` and `state`: waiting, or held by a worker.',
  },
  queueOldest: {
    name: 'nss.queue.oldest_seconds',
    kind: 'gauge',
    unit: 's',
    description: 'Age of the oldest message that no worker has had yet, by `stream` and `queue`; 0 when there is none.',
  },
  deadLetters: {
    name: 'nss.dead_letters',
    kind: 'gauge',
    unit: '{message}',
    description: 'Messages that nobody could handle.',
  },
  objectBytes: {
    name: 'nss.objects.bytes',
    kind: 'counter',
    unit: 'By',
    description: 'Bytes stored and read, by `bucket` and `direction` (in, out).',
  },
} as const;

export const busMetrics = instrumentsOf('@nss/bus', BUS_METRICS);
