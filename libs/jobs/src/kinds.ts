import type { Codec } from '@nss/bus';
import { Campaign, Evaluation, type JobStatus, NasRun, Search, SuperNetwork, Training, Warmup } from '@nss/contracts';
import type { Collection } from '@nss/rpc';

/** What every job resource has; its other fields are results, set while it runs. */
export type Job = { name: string; spec: unknown; status: JobStatus | undefined };

/** A kind of job resource. */
export type JobKind<R extends Job, Singular extends string = string, Plural extends Collection = Collection> = {
  readonly collection: Plural;
  /** Name of the resource's field in requests, for example `nasRun`. */
  readonly singular: Singular;
  readonly codec: Codec<R> & { fromJSON(object: unknown): R };
};

export const CAMPAIGNS = { collection: 'campaigns', singular: 'campaign', codec: Campaign } as const;
export const WARMUPS = { collection: 'warmups', singular: 'warmup', codec: Warmup } as const;
export const SEARCHES = { collection: 'searches', singular: 'search', codec: Search } as const;
export const SUPER_NETWORKS = {
  collection: 'superNetworks',
  singular: 'superNetwork',
  codec: SuperNetwork,
} as const;
export const EVALUATIONS = { collection: 'evaluations', singular: 'evaluation', codec: Evaluation } as const;
export const NAS_RUNS = { collection: 'nasRuns', singular: 'nasRun', codec: NasRun } as const;
export const TRAININGS = { collection: 'trainings', singular: 'training', codec: Training } as const;

/** Name of the id's field in create requests, as errors name it: `nas_run_id`. */
export function idField(singular: string): string {
  return `${snakeCase(singular)}_id`;
}

/** `nasRun` as protos write it: `nas_run`. */
export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
