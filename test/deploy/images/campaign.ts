import {
  type Campaign,
  Campaign as CampaignMessage,
  CampaignServiceService,
  CampaignSpec,
  JobState,
} from '@nss/contracts';
import { connect } from '@nss/rpc';

const ENDED_WITHIN_MS = 600_000;

/** Runs a small campaign of every phase on the mesh at this address; says what it found. Rejects when it does not succeed. */
export async function runCampaign(controller: string): Promise<string> {
  const campaigns = connect(CampaignServiceService, controller);
  const spec = CampaignSpec.create({ dataset: 'cifar10', preset: 'tiny', targetsMultiplyAdds: [60_000, 150_000] });
  try {
    const request = { campaignId: 'images', campaign: CampaignMessage.create({ spec }), requestId: 'images' };
    const { name } = await campaigns.createCampaign(request);
    let last: Campaign | undefined;
    const options = { deadlineMs: ENDED_WITHIN_MS };
    for await (const { campaign } of campaigns.watchCampaign({ name, afterChange: 0 }, options)) last = campaign;
    const { state, error } = last?.status ?? {};
    if (state !== JobState.SUCCEEDED) throw new Error(`${name} ended as ${state}: ${error?.message}`);
    return `${last?.eliteSpaces.map(({ text }) => text).join(' and ')}`;
  } finally {
    campaigns.close();
  }
}
