import type { Bus, Objects } from '@nss/bus';
import type { JobStatus } from '@nss/contracts';
import type { Tls } from '@nss/runtime';

/** A job resource, as far as this library looks inside. */
export type JobResource = { status: JobStatus | undefined };

/** What jobs that drive a trainer need. */
export type TrainerTools = {
  readonly bus: Bus;
  /** For sessions with trainers; plain text when left out. */
  readonly tls?: Tls;
  /** The bucket of weights. */
  readonly checkpoints: Objects;
  /** How much work may be lost at most: states are stored this often. */
  readonly checkpointEveryMs: number;
  /** And after so many iterations at most. */
  readonly checkpointEverySteps?: number;
};
