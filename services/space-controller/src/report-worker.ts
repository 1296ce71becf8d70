import type { ResolvedCampaign } from '@nss/campaign';
import type { Campaign } from '@nss/contracts';
import { renderAll } from '@nss/report';
import { type CampaignJob, type ReportSource, reportDataOf } from './report-data.ts';

/** A report to make, as one thread sends it to another. */
export type ReportTask = {
  readonly campaignId: string;
  readonly campaign: Campaign;
  readonly resolved: ResolvedCampaign;
  readonly jobs: readonly CampaignJob[];
  readonly source: Omit<ReportSource, 'readArtifact'>;
  /** The artifacts that were there, by name. */
  readonly files: ReadonlyMap<string, Uint8Array>;
};

/** The files of a campaign's report, by name. */
export async function renderReport({ files, source, ...report }: ReportTask): Promise<Map<string, string>> {
  const { campaignId, campaign, resolved, jobs } = report;
  const readArtifact = (name: string) => files.get(name);
  return renderAll(reportDataOf(campaignId, campaign, resolved, jobs, { ...source, readArtifact }));
}
