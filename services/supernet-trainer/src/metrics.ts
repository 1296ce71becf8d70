import { instrumentsOf, SECONDS } from '@nss/runtime';

/** The metrics of a trainer's work. */
export const TRAINER_METRICS = {
  steps: {
    name: 'nss.trainer.steps',
    kind: 'counter',
    unit: '{step}',
    description: 'Optimisation steps, by `kind`: weight or theta.',
  },
  images: {
    name: 'nss.trainer.images',
    kind: 'counter',
    unit: '{image}',
    description: 'Images that steps were taken on, by `kind` of the step.',
  },
  commands: {
    name: 'nss.trainer.command.duration_seconds',
    kind: 'histogram',
    unit: 's',
    description: 'Commands of sessions, stored weights included, by `command` and `outcome` (ok, error).',
    buckets: SECONDS,
  },
  busy: {
    name: 'nss.trainer.busy_seconds',
    kind: 'counter',
    unit: 's',
    description: 'Time that the computing thread has worked.',
  },
  feeding: {
    name: 'nss.trainer.feeding_seconds',
    kind: 'counter',
    unit: 's',
    description: 'Time, of the busy one, in which the computing thread waited for batches or made them itself.',
  },
  silence: {
    name: 'nss.trainer.silence_seconds',
    kind: 'gauge',
    unit: 's',
    description: 'How long the computing thread has told nothing of the command that it works on; 0 when it has none.',
  },
} as const;

export const trainerMetrics = instrumentsOf('@nss/supernet-trainer', TRAINER_METRICS);
