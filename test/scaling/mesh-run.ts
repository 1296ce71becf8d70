import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Campaign, CampaignServiceService, type CampaignSpec, JobState } from '@nss/contracts';
import { startMesh } from '@nss/launcher';
import { connect } from '@nss/rpc';
import { sampleProcesses } from '../load/processes.ts';
import { simulatedServices } from '../simulation/simulated-services.ts';

/** A campaign that ran on a mesh with real services. */
export type MeshRun = {
  /** Seconds from the start of the campaign to the end of its last job. */
  readonly makespan: number;
  readonly jobs: readonly MeshJob[];
  /** Seconds of processor time, by process. */
  readonly cpuSeconds: ReadonlyMap<string, number>;
};

export type MeshJob = {
  readonly id: string;
  /** Seconds in which it had a trainer. */
  readonly trainerSeconds: number;
};

export type MeshRunOptions = {
  readonly campaignId: string;
  readonly spec: CampaignSpec;
  readonly trainers: number;
  /** Of the device that trainers pass for; those without one answer at once. */
  readonly multiplyAddsPerSecond?: number;
};

/** What `campaign.json` says of jobs. */
type ReportedJob = {
  readonly id: string;
  readonly endSeconds: number;
  readonly trainerUses: readonly { readonly startSeconds: number; readonly endSeconds: number }[];
};

/** Runs a campaign on an embedded mesh of its own: real services, a real NATS server, and trainers that pass for a device. */
export async function runOnMesh(options: MeshRunOptions): Promise<MeshRun> {
  const { campaignId, spec, trainers, multiplyAddsPerSecond } = options;
  const folder = await mkdtemp(join(tmpdir(), 'nss-scaling-'));
  Object.assign(process.env, {
    NSS_LOG_LEVEL: 'warn',
    NSS_CONCURRENCY: '100',
    NSS_ANALYTIC_TRAINERS: String(trainers),
    NSS_ANALYTIC_MULTIPLY_ADDS_PER_SECOND: multiplyAddsPerSecond ? String(multiplyAddsPerSecond) : '',
  });
  const mesh = await startMesh({
    stateDir: join(folder, 'state'),
    servicesDir: simulatedServices(folder),
    trainers: 1,
  });
  const campaigns = connect(CampaignServiceService, mesh.addresses.spaceController);
  try {
    const sampler = sampleProcesses(mesh.stateDir);
    const { name } = await campaigns.createCampaign({
      campaignId,
      campaign: Campaign.create({ spec }),
      requestId: campaignId,
    });
    let last: Campaign | undefined;
    for await (const { campaign } of campaigns.watchCampaign({ name, afterChange: 0 })) last = campaign;
    const cpuSeconds = new Map(sampler.stop().processes.map((use) => [use.process, use.cpuSeconds]));
    if (last?.status?.state !== JobState.SUCCEEDED) throw new Error(`${name}: ${last?.status?.error?.message}`);
    const chunks: Buffer[] = [];
    for await (const { data } of campaigns.readArtifact({ name: `${name}/campaign.json` })) chunks.push(data);
    const { jobs } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as { jobs: readonly ReportedJob[] };
    return {
      makespan: Math.max(...jobs.map(({ endSeconds }) => endSeconds)),
      jobs: jobs.map(({ id, trainerUses }) => ({
        id,
        trainerSeconds: trainerUses.reduce((sum, use) => sum + use.endSeconds - use.startSeconds, 0),
      })),
      cpuSeconds,
    };
  } finally {
    campaigns.close();
    await mesh.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
