import { instrumentsOf, SECONDS } from '@nss/runtime';

/** The metrics of trainer leases, of those who hold them and of the trainers. */
export const LEASE_METRICS = {
  wait: {
    name: 'nss.lease.wait_seconds',
    kind: 'histogram',
    unit: 's',
    description: 'How long jobs waited for a trainer.',
    buckets: SECONDS,
  },
  lost: {
    name: 'nss.trainers.lost',
    kind: 'counter',
    unit: '{trainer}',
    description: 'Trainers that vanished from the job that held them.',
  },
  age: {
    name: 'nss.lease.age_seconds',
    kind: 'gauge',
    unit: 's',
    description: 'How long the trainer has had the lease that it works on, by `trainer`; 0 when it is idle.',
  },
} as const;

export const leaseMetrics = instrumentsOf('@nss/trainers', LEASE_METRICS);
