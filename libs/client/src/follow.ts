import { setTimeout as sleep } from 'node:timers/promises';
import type { Campaign } from '@nss/contracts';
import { hasEnded } from '@nss/job-apis';
import { NssError } from '@nss/rpc';
import type { NssClient } from './client.ts';

export type FollowOptions = {
  readonly signal?: AbortSignal;
  /** How long a mesh that cannot be reached is tried again before its error is thrown; 60,000 unless told. */
  readonly patienceMs?: number;
  /** Waits before the first repetition; doubled up to 5 s. */
  readonly backoffMs?: number;
};

/**
 * A campaign as it is now and after every change, until it has ended. A watch that breaks (a service restarts, a connection
 * ages) goes on after the last change seen. Throws NssError.
 */
export async function* followCampaign(
  client: Pick<NssClient, 'campaigns'>,
  name: string,
  { signal, patienceMs = 60_000, backoffMs = 250 }: FollowOptions = {},
): AsyncGenerator<Campaign, void, undefined> {
  let afterChange = 0;
  let waitMs = backoffMs;
  let waitedMs = 0;
  for (;;) {
    try {
      for await (const { change, campaign } of client.campaigns.watchCampaign({ name, afterChange }, { signal })) {
        [afterChange, waitMs, waitedMs] = [change, backoffMs, 0];
        if (!campaign) continue;
        yield campaign;
        if (hasEnded(campaign.status)) return;
      }
    } catch (error) {
      if (signal?.aborted || !NssError.from(error).retryable || waitedMs >= patienceMs) throw error;
    }
    await sleep(waitMs, undefined, { signal });
    waitedMs += waitMs;
    waitMs = Math.min(5_000, waitMs * 2);
  }
}
