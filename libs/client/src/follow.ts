import { setTimeout as sleep } from 'node:timers/promises';
import type { Campaign, JobStatus } from '@nss/contracts';
import { hasEnded } from '@nss/job-apis';
import { type CallOptions, NssError } from '@nss/rpc';
import type { NssClient } from './client.ts';

export type FollowOptions = {
  readonly signal?: AbortSignal;
  /** How long a mesh that cannot be reached is tried again before its error is thrown; 60,000 unless told. */
  readonly patienceMs?: number;
  /** Waits before the first repetition; doubled up to 5 s. */
  readonly backoffMs?: number;
};

/**
 * A job as it is now and after every change, until it has ended. A watch that breaks (a service restarts, a connection
 * ages) goes on after the last change seen. Throws NssError.
 *
 * ```ts
 * const changes = (afterChange: number, call: CallOptions) => nss.searches.watchSearch({ name, afterChange }, call);
 * for await (const search of follow(changes, ({ search }) => search)) { ... }
 * ```
 *
 * @param watch starts the watch after a change, 0 for from now on.
 */
export async function* follow<Change extends { change: number }, Job extends { status: JobStatus | undefined }>(
  watch: (afterChange: number, call: CallOptions) => AsyncIterable<Change>,
  jobOf: (change: Change) => Job | undefined,
  { signal, patienceMs = 60_000, backoffMs = 250 }: FollowOptions = {},
): AsyncGenerator<Job, void, undefined> {
  let afterChange = 0;
  let waitMs = backoffMs;
  let waitedMs = 0;
  for (;;) {
    try {
      for await (const change of watch(afterChange, { signal })) {
        [afterChange, waitMs, waitedMs] = [change.change, backoffMs, 0];
        const job = jobOf(change);
        if (!job) continue;
        yield job;
        if (hasEnded(job.status)) return;
      }
    } catch (error) {
      if (signal?.aborted || !NssError.from(error).retryable || waitedMs >= patienceMs) throw error;
    }
    await sleep(waitMs, undefined, { signal });
    waitedMs += waitMs;
    waitMs = Math.min(5_000, waitMs * 2);
  }
}

/** `follow` of a campaign. */
export function followCampaign(
  { campaigns }: Pick<NssClient, 'campaigns'>,
  name: string,
  options?: FollowOptions,
): AsyncGenerator<Campaign, void, undefined> {
  const watch = (afterChange: number, call: CallOptions) => campaigns.watchCampaign({ name, afterChange }, call);
  return follow(watch, ({ campaign }) => campaign, options);
}
