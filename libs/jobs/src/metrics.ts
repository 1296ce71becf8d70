import type { JobState } from '@nss/contracts';
import { instrumentsOf } from '@nss/runtime';

/** The metrics of jobs. Every replica of a service shows the same jobs: take the greatest value, not the sum. */
export const JOB_METRICS = {
  jobs: {
    name: 'nss.jobs',
    kind: 'gauge',
    unit: '{job}',
    description: 'Jobs that are stored, by `collection` and `state`; counted once a minute.',
  },
  ended: {
    name: 'nss.jobs.ended',
    kind: 'counter',
    unit: '{job}',
    description: 'Jobs that came to their end, by `collection` and `state`.',
  },
  retries: {
    name: 'nss.jobs.retries',
    kind: 'counter',
    unit: '{attempt}',
    description: 'Attempts that failed and are followed by another one, by `collection`.',
  },
} as const;

export const jobMetrics = instrumentsOf('@nss/jobs', JOB_METRICS);

/** How a state is called in metrics: `running`. */
export const stateLabel = (state: JobState): string => state.replace('JOB_STATE_', '').toLowerCase();
