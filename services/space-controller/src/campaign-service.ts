import { type ResolvedCampaign, resolveSettings, settingsSchema } from '@nss/campaign';
import { Campaign, type CampaignServiceService, type CampaignSpec, type FieldViolation } from '@nss/contracts';
import { type Jobs, jobService } from '@nss/jobs';
import { type Implementation, invalidArgument } from '@nss/rpc';

type Methods = Implementation<Omit<typeof CampaignServiceService, 'readArtifact'>>;

/** The standard methods of campaigns; a campaign is stored with the settings that its spec comes to. */
export function campaignService(campaigns: Jobs<Campaign>): Methods {
  const methods = jobService<typeof CampaignServiceService, Campaign>(campaigns, campaignViolations);
  return {
    ...methods,
    createCampaign({ campaign, ...request }, context) {
      const spec = campaign?.spec;
      const resolved = spec && resolveSettings(spec);
      // What is wrong with a spec is told by the standard method.
      const settings = resolved && 'settings' in resolved ? resolved.settings : undefined;
      return methods.createCampaign({ ...request, campaign: campaign && Campaign.create({ spec, settings }) }, context);
    },
  };
}

/** A stored campaign as it is to be run: with the settings that were stored, whatever a preset has become since. */
export function resolvedCampaign({ spec, settings }: Campaign): ResolvedCampaign {
  const resolved = spec && resolveSettings(spec);
  if (!resolved || 'faults' in resolved) throw invalidArgument(campaignViolations(spec));
  return settings ? { ...resolved, settings: settingsSchema.parse(settings) } : resolved;
}

/** Everything that is wrong with the spec of a campaign. */
function campaignViolations(spec: CampaignSpec | undefined): FieldViolation[] {
  const resolved = spec && resolveSettings(spec);
  if (!resolved) return [{ field: 'spec', description: 'expected a campaign, found nothing' }];
  return 'faults' in resolved ? resolved.faults.map((fault) => ({ ...fault, field: `spec.${fault.field}` })) : [];
}
