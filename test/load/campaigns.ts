import { presetOf } from '@nss/campaign';
import { Campaign, type CampaignServiceService, CampaignSpec } from '@nss/contracts';
import { type Client, campaignName, NssError } from '@nss/rpc';

type Campaigns = Client<typeof CampaignServiceService>;

/** How much is asked of a mesh at once. */
export type Load = {
  readonly campaigns: number;
  readonly trainers: number;
  /** Campaigns that evaluate many architectures; the others evaluate a few. */
  readonly evaluated: number;
  /** Architectures that each of those evaluates, about. */
  readonly architectures: number;
  /** How fast a trainer computes; absent: it answers at once. */
  readonly multiplyAddsPerSecond?: number;
};

/** Populations of a campaign with one target: its Elite Space, as many of the same cost, and as many of the search space. */
const POPULATIONS = 3;
const FEW = 6;
/** An eighth of the largest network: most draws of the search space are of another cost, but not nearly all. */
const TARGET = 3e9;

const campaignId = (i: number) => `load-${i}`;

/** Name of campaign `i` of a load. */
export const nameOf = (i: number) => campaignName(campaignId(i));

/**
 * A campaign of all phases whose trainings are as short as can be, in the paper's search space, where hardly any architecture is drawn twice.
 * The first `evaluated` of a load are the large ones.
 */
function campaignOf({ evaluated, architectures }: Load, i: number): Campaign {
  const architecturesPerSpace = i < evaluated ? Math.ceil(architectures / POPULATIONS) : FEW;
  const spec = CampaignSpec.create({
    dataset: 'cifar10',
    preset: 'tiny',
    targetsMultiplyAdds: [TARGET],
    seeds: [i],
    overrides: { searchSpace: presetOf('paper').searchSpace, evaluation: { architecturesPerSpace } },
  });
  return Campaign.create({ spec });
}

/** Creates all campaigns of a load. */
export async function createCampaigns(campaigns: Campaigns, load: Load): Promise<void> {
  await Promise.all(
    Array.from({ length: load.campaigns }, (_, i) =>
      campaigns.createCampaign({ campaignId: campaignId(i), campaign: campaignOf(load, i), requestId: campaignId(i) }),
    ),
  );
}

/** Follows each campaign with a Watch of its own to its end, as its user would. */
export async function followCampaigns(campaigns: Campaigns, load: Load): Promise<Campaign[]> {
  return Promise.all(Array.from({ length: load.campaigns }, (_, i) => untilEnded(campaigns, nameOf(i))));
}

async function untilEnded(campaigns: Campaigns, name: string): Promise<Campaign> {
  for (let seen = 0; ; ) {
    try {
      let last: Campaign | undefined;
      for await (const { change, campaign } of campaigns.watchCampaign({ name, afterChange: seen })) {
        last = campaign;
        seen = change;
      }
      if (last?.status?.endTime) return last;
      // The last change was seen before the watch was cut off.
      const found = await campaigns.getCampaign({ name });
      if (found.status?.endTime) return found;
    } catch (error) {
      if (!NssError.from(error).retryable) throw error;
    }
  }
}
