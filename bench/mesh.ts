import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectNss, type NssClient } from '@nss/client';
import { Campaign, type CampaignSpec, JobState, type JobStatus } from '@nss/contracts';
import { type MeshSettings, startMesh } from '@nss/launcher';

/** Runs `use` with a mesh of this machine that nobody else uses; what it stored goes with it. */
export async function withMesh<T>(
  settings: Pick<MeshSettings, 'trainers' | 'threadsPerTrainer'>,
  use: (nss: NssClient, stateDir: string) => Promise<T>,
): Promise<T> {
  const stateDir = await mkdtemp(join(tmpdir(), 'nss-bench-'));
  try {
    const mesh = await startMesh({ ...settings, stateDir });
    const { spaceController, flopsEstimator, evaluator, nasRunner } = mesh.addresses;
    const nss = connectNss({ address: spaceController, flopsEstimator, evaluator, nasRunner });
    try {
      return await use(nss, stateDir);
    } finally {
      nss.close();
      await mesh.stop();
    }
  } finally {
    await rm(stateDir, { recursive: true });
  }
}

/** Runs a campaign; seconds from its start to its end. Throws when it does not succeed. */
export async function campaignSeconds(nss: NssClient, campaignId: string, spec: CampaignSpec): Promise<number> {
  const { name } = await nss.campaigns.createCampaign({
    campaignId,
    campaign: Campaign.create({ spec }),
    requestId: campaignId,
  });
  let last: Campaign | undefined;
  for await (const { campaign } of nss.campaigns.watchCampaign({ name, afterChange: 0 })) last = campaign ?? last;
  const status = last?.status;
  if (status?.state !== JobState.SUCCEEDED) throw new Error(`${name}: ${status?.error?.message ?? 'did not end'}`);
  return secondsOf(status);
}

/** From the moment that something started to the one it ended. */
export function secondsOf({ startTime, endTime }: Pick<JobStatus, 'startTime' | 'endTime'>): number {
  if (!startTime || !endTime) throw new Error('it has not ended');
  return (endTime.getTime() - startTime.getTime()) / 1000;
}
