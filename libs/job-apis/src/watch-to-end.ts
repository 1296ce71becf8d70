import { setTimeout as sleep } from 'node:timers/promises';
import { JobState, type JobStatus } from '@nss/contracts';
import { NssError } from '@nss/rpc';
import type { JobApi } from './job-apis.ts';

export type WatchOptions<Resource> = {
  readonly onChange?: (resource: Resource) => void;
  readonly signal: AbortSignal;
  /** How long to wait before a service that was away is tried again; 1,000 unless told. */
  readonly reconnectMs?: number;
};

/**
 * Watches a job until it has ended and gives it as it ended. A service that is away is waited for, as long as `signal` lets: it may
 * be restarting, and its jobs are stored. Throws NssError.
 */
export async function watchToEnd<Resource extends { status?: JobStatus }>(
  api: Pick<JobApi<never, Resource>, 'watch'>,
  name: string,
  { onChange, signal, reconnectMs = 1_000 }: WatchOptions<Resource>,
): Promise<Resource> {
  let seen = 0;
  for (;;) {
    try {
      for await (const { change, resource } of api.watch(name, seen, signal)) {
        seen = change;
        if (!resource) continue;
        onChange?.(resource);
        if (hasEnded(resource.status)) return resource;
      }
    } catch (error) {
      signal.throwIfAborted();
      if (!NssError.from(error).retryable) throw error;
    }
    await sleep(reconnectMs, undefined, { signal });
  }
}

/** Whether a job has come to its end. */
export const hasEnded = (status: JobStatus | undefined): boolean => endedStates.has(status?.state);

const endedStates: ReadonlySet<JobState | undefined> = new Set([
  JobState.SUCCEEDED,
  JobState.FAILED,
  JobState.CANCELLED,
]);
