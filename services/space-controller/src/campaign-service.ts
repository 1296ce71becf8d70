import { type ResolvedCampaign, resolveSettings, settingsSchema } from '@nss/campaign';
import type { Campaign, CampaignServiceService, CampaignSpec, FieldViolation } from '@nss/contracts';
import type { JobApis } from '@nss/job-apis';
import { isEnded, type Jobs, jobService } from '@nss/jobs';
import { type Implementation, invalidArgument, NssError, parseName } from '@nss/rpc';
import { withBudget } from './campaign-budget.ts';
import { planOf } from './campaign-plan.ts';

type Methods = Implementation<Omit<typeof CampaignServiceService, 'readArtifact'>>;

/**
 * The standard methods of campaigns. A campaign is stored with the settings that its spec comes to, and deleted with the jobs
 * that it has created.
 */
export function campaignService(campaigns: Jobs<Campaign>, apisOf: (tenant: string) => JobApis): Methods {
  const methods = jobService<typeof CampaignServiceService, Campaign>(campaigns, campaignViolations, (spec) => {
    const resolved = resolveSettings(spec as CampaignSpec);
    return 'settings' in resolved ? { settings: resolved.settings } : {};
  });
  return {
    ...methods,
    async resumeCampaign({ name, budget }, { caller }) {
      return campaigns
        .of(caller.tenant)
        .resume(name, (campaign, stopped) => withBudget(campaign, stopped, budget, new Date()));
    },
    async deleteCampaign(request, context) {
      const { tenant } = context.caller;
      const campaign = await campaigns.of(tenant).get(request.name);
      // Its jobs first: as long as the campaign is there, a delete that was interrupted can be repeated.
      if (isEnded(campaign)) await deleteJobs(campaign, apisOf(tenant));
      return methods.deleteCampaign(request, context);
    },
  };
}

async function deleteJobs(campaign: Campaign, apis: JobApis): Promise<void> {
  const plan = planOf(parseName('campaigns', campaign.name), resolvedCampaign(campaign));
  // The last ones first: a warmup stays as long as there are searches that name it.
  for (const { kind, id } of plan.toReversed()) {
    try {
      await apis[kind].delete(apis[kind].nameOf(id));
    } catch (error) {
      if (NssError.from(error).codeName !== 'NOT_FOUND') throw error;
    }
  }
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
