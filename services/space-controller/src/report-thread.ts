import type { Objects } from '@nss/bus';
import { tenantOf } from '@nss/jobs';
import { storedName } from '@nss/rpc';
import { Piscina } from 'piscina';
import type { CampaignJob } from './report-data.ts';
import type { ReportTask } from './report-worker.ts';

/** What a report is made from; its artifacts are still where the jobs have left them. */
export type ReportToMake = Omit<ReportTask, 'files'>;

/** Makes the files of reports, by name, one report at a time. */
export type ReportThread = {
  render(report: ReportToMake): Promise<ReadonlyMap<string, string>>;
  close(): Promise<void>;
};

/** The plotting library takes half a second to load: the thread stays for the reports of campaigns that end together. */
const IDLE_MS = 60_000;

/**
 * Makes reports in a thread of its own: reading tens of thousands of rows and drawing them takes seconds, in which this process has
 * calls to answer and claims to renew.
 *
 * @param artifacts the bucket of files that jobs leave
 */
export function startReportThread(artifacts: Objects): ReportThread {
  const pool = new Piscina<ReportTask, Map<string, string>>({
    filename: new URL('./report-worker.ts', import.meta.url).href,
    name: 'renderReport',
    minThreads: 0,
    maxThreads: 1,
    idleTimeout: IDLE_MS,
  });
  return {
    async render(report) {
      const tenant = tenantOf(report.campaign);
      const files = new Map<string, Uint8Array>();
      for (const name of report.jobs.flatMap(artifactsOf)) {
        const content = await artifacts.get(storedName(tenant, name));
        if (content) files.set(name, content);
      }
      return pool.run({ ...report, files });
    },
    close: () => pool.destroy(),
  };
}

/** Names of the files that a report reads. */
function artifactsOf({ found }: CampaignJob): string[] {
  if (!('result' in found) || !found.result) return [];
  const { result } = found;
  if ('trajectoryArtifact' in result) return [result.trajectoryArtifact];
  return 'architecturesArtifact' in result ? [result.architecturesArtifact] : [];
}
