import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  Campaign,
  type CampaignServiceService,
  type FieldViolation,
  type JobStatus,
  type NetworkSpace as NetworkSpaceMessage,
  type Search,
  type SearchServiceService,
  toNetworkSpace,
} from '@nss/contracts';
import { hasEnded } from '@nss/job-apis';
import { type Client, campaignName, dataLoss, failedPrecondition, NssError, searchName, unavailable } from '@nss/rpc';
import { formatMultiplyAdds, type NetworkSpace } from '@nss/space';
import type { EliteChoice, SpaceSource } from './space-source.ts';

/** What the adapter asks of the mesh. */
export type Mesh = {
  readonly campaigns: Pick<Client<typeof CampaignServiceService>, 'createCampaign' | 'getCampaign' | 'watchCampaign'>;
  readonly searches: Pick<Client<typeof SearchServiceService>, 'getSearch' | 'watchSearch'>;
};

export type FindOptions = {
  readonly signal: AbortSignal;
  /** Whether to wait for a search that is running. */
  readonly wait: boolean;
  /** How long to wait before a controller that was away is tried again; 1,000 unless told. */
  readonly reconnectMs?: number;
};

/**
 * The space of a source. A campaign of an experiment's own is started when it is not there. Throws UNAVAILABLE with the reason
 * SEARCH_RUNNING while a search is running and nobody waits for it, FAILED_PRECONDITION when it has ended without a space, NOT_FOUND.
 */
export async function findSpace(
  source: SpaceSource,
  mesh: Mesh,
  { signal, wait, reconnectMs = 1_000 }: FindOptions,
): Promise<NetworkSpace> {
  if (source.kind === 'space') return source.space;
  const job = source.kind === 'search' ? searchJob(source.searchId, mesh, signal) : campaignJob(source, mesh, signal);
  const found = await job.get();
  const space = spaceOf(found);
  if (space) return space;
  if (!wait) {
    throw unavailable(`${found.name} is searching${progressOf(found.status)}; ask again`, { reason: 'SEARCH_RUNNING' });
  }
  return waitForSpace(job, signal, reconnectMs);
}

/** A controller that is away is waited for: it may be restarting, and its jobs are stored. */
async function waitForSpace(job: Job, signal: AbortSignal, reconnectMs: number): Promise<NetworkSpace> {
  for (;;) {
    try {
      for await (const changed of job.changes()) {
        const space = spaceOf(changed);
        if (space) return space;
      }
    } catch (error) {
      signal.throwIfAborted();
      if (!NssError.from(error).retryable) throw error;
    }
    await sleep(reconnectMs, undefined, { signal });
  }
}

/** A job that finds a space, as far as it is known. */
type Found = { readonly name: string; readonly status?: JobStatus; readonly space: NetworkSpaceMessage | undefined };

type Job = { readonly get: () => Promise<Found>; readonly changes: () => AsyncIterable<Found> };

function searchJob(searchId: string, { searches }: Mesh, signal: AbortSignal): Job {
  const name = searchName(searchId);
  const toFound = ({ status, result }: Search): Found => ({ name, status, space: result?.eliteSpace });
  return {
    get: async () => toFound(await searches.getSearch({ name }, { signal })),
    async *changes() {
      for await (const { search } of searches.watchSearch({ name, afterChange: 0 }, { signal })) {
        if (search) yield toFound(search);
      }
    },
  };
}

function campaignJob(
  source: Extract<SpaceSource, { campaignId: string }>,
  { campaigns }: Mesh,
  signal: AbortSignal,
): Job {
  const name = campaignName(source.campaignId);
  const choice = source.kind === 'campaign' ? source.choice : anyChoice;
  const toFound = (campaign: Campaign): Found => ({ name, status: campaign.status, space: chosen(campaign, choice) });
  const get = () => campaigns.getCampaign({ name }, { signal });
  return {
    async get() {
      if (source.kind === 'campaign') return toFound(await get());
      const { campaignId, spec } = source;
      const request = { campaignId, campaign: Campaign.create({ spec }), requestId: randomUUID() };
      const found = await unless('NOT_FOUND', get());
      const created = found ?? (await unless('ALREADY_EXISTS', campaigns.createCampaign(request, { signal })));
      // Created by another replica in between.
      return toFound(created ?? (await get()));
    },
    async *changes() {
      for await (const { campaign } of campaigns.watchCampaign({ name, afterChange: 0 }, { signal })) {
        if (campaign) yield toFound(campaign);
      }
    },
  };
}

const anyChoice: EliteChoice = { targetMultiplyAdds: undefined, seed: undefined };

/** The Elite Space that is meant, if it is found already. Throws FAILED_PRECONDITION unless the choice leaves one. */
function chosen({ name, spec, eliteSpaces }: Campaign, choice: EliteChoice): NetworkSpaceMessage | undefined {
  const seeds = spec?.seeds.length ? spec.seeds : [0];
  const all = (spec?.targetsMultiplyAdds ?? []).flatMap((target) => seeds.map((seed) => ({ target, seed })));
  const fitting = all.filter(
    (each) => each.target === (choice.targetMultiplyAdds ?? each.target) && each.seed === (choice.seed ?? each.seed),
  );
  if (fitting.length !== 1) {
    const there = all.map(({ target, seed }) => `${formatMultiplyAdds(target)} (seed ${seed})`).join(', ');
    const what = fitting.length === 0 ? 'no such Elite Space' : 'several Elite Spaces';
    throw failedPrecondition(`${name} has ${what}; choose one by target and seed: ${there}`, {
      reason: 'NO_ONE_SPACE',
    });
  }
  const [one] = fitting;
  return eliteSpaces.find((elite) => elite.targetMultiplyAdds === one.target && elite.seed === one.seed)?.space;
}

/** Throws FAILED_PRECONDITION when the job has ended without a space. */
function spaceOf({ name, status, space }: Found): NetworkSpace | undefined {
  if (space) {
    const violations: FieldViolation[] = [];
    const checked = toNetworkSpace(space, 'space', violations);
    if (checked) return checked;
    throw dataLoss(`${name} came with a space that is none: ${violations[0].field}: ${violations[0].description}`);
  }
  if (!hasEnded(status)) return undefined;
  const why = status?.error?.message ?? status?.state.toLowerCase();
  throw failedPrecondition(`${name} ended without a space: ${why}; delete it to search again`, {
    reason: 'SEARCH_ENDED',
  });
}

function progressOf(status: JobStatus | undefined): string {
  const { completed = 0, total = 0 } = status?.progress ?? {};
  return total > 0 ? `, ${Math.floor((100 * completed) / total)} % done` : '';
}

async function unless<T>(code: string, call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (NssError.from(error).codeName === code) return undefined;
    throw error;
  }
}
