import { targetLabel } from '@nss/space';
import type { CampaignReport } from './data.ts';

/** The campaign file (YAML, of which JSON is a part) that runs a campaign again. */
export function campaignFile(campaign: CampaignReport): string {
  const targets = campaign.targetsMultiplyAdds.map((target) => targetLabel(target).toUpperCase());
  const hasOverrides = campaign.overrides !== undefined && Object.keys(campaign.overrides).length > 0;
  return [
    `name: ${JSON.stringify(campaign.id)}`,
    `dataset: ${JSON.stringify(campaign.dataset)}`,
    `preset: ${JSON.stringify(campaign.preset)}`,
    `targets: [${targets.join(', ')}]`,
    `seeds: [${campaign.seeds.join(', ')}]`,
    `phases: [${campaign.phases.join(', ')}]`,
    ...(hasOverrides ? [`overrides: ${JSON.stringify(campaign.overrides)}`] : []),
    '',
  ].join('\n');
}
