import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Bus, connectBus, ensureTopology } from '@nss/bus';
import { startNatsServer } from '@nss/bus/testing';
import { Campaign, CampaignServiceService, CampaignSpec, JobState } from '@nss/contracts';
import { type ImageFolder, scanImageFolder } from '@nss/datasets';
import { writeImageFolder } from '@nss/datasets/testing';
import { connect } from '@nss/rpc';
import { createLogger } from '@nss/runtime';
import { freeAddresses, startService } from '../mesh-processes.ts';
import { startAnalyticTrainer } from '../simulation/analytic-trainer.ts';
import { type Receiver, startReceiver } from './receiver.ts';

const OWNERS: Record<string, string> = {
  CampaignService: 'space-controller',
  DeadLetterService: 'space-controller',
  WarmupService: 'space-controller',
  SearchService: 'space-controller',
  SuperNetworkService: 'evaluator',
  EvaluationService: 'evaluator',
  NasRunService: 'nas-runner',
  TrainingService: 'nas-runner',
  FlopsEstimatorService: 'flops-estimator',
  TrainerService: 'supernet-trainer',
  'api.v1.beta1.Suggestion': 'platform-adapter',
  'api.v1.beta1.EarlyStopping': 'platform-adapter',
  'vizier.PythiaService': 'platform-adapter',
};

export const TRAINER = 'supernet-trainer';

export type FuzzedMesh = {
  readonly bus: Bus;
  /** Of a few images, which the trainer can read. */
  readonly images: ImageFolder;
  /** Of webhooks, for every event of the tenant `default`. */
  readonly receiver: Receiver;
  addressOf(service: string): string;
  /** Resident memory in bytes, by service. */
  memory(): Promise<Record<string, number>>;
  /** Exit codes of the services; null of one that had to be killed. */
  stop(): Promise<Record<string, number | null>>;
};

/**
 * NATS and every service, each as a process of its own, and a campaign that has left jobs of every kind. There are no published data
 * sets: what is created from now on fails when it wants one.
 */
export async function startFuzzedMesh(): Promise<FuzzedMesh> {
  const nats = await startNatsServer();
  const folder = await mkdtemp(join(tmpdir(), 'nss-fuzz-'));
  const receiver = await startReceiver();
  const webhooksFile = join(folder, 'webhooks.yaml');
  await writeFile(webhooksFile, receiver.file);
  const names = [...new Set(Object.values(OWNERS))];
  const addresses = await freeAddresses(names.length);
  const at = Object.fromEntries(names.map((name, i) => [name, addresses[i]]));
  const env = {
    NSS_NATS_URL: nats.url,
    NSS_SPACE_CONTROLLER_ADDRESS: at['space-controller'],
    NSS_EVALUATOR_ADDRESS: at.evaluator,
    NSS_NAS_RUNNER_ADDRESS: at['nas-runner'],
    NSS_FLOPS_ESTIMATOR_ADDRESS: at['flops-estimator'],
    NSS_CACHE_DIR: join(folder, 'cache'),
    NSS_DATASET_MIRROR: folder,
    NSS_WEBHOOKS_FILE: webhooksFile,
  };
  // Nobody calls webhooks.
  const start = async (name: string) => ({ name, process: await startService(name, at[name] ?? '', env) });
  const starting = [...names, 'webhooks'].filter((name) => name !== TRAINER).map(start);
  const started = (await Promise.allSettled(starting)).flatMap((result) =>
    result.status === 'fulfilled' ? result.value : [],
  );
  const services = await Promise.all(starting).catch(async (error) => {
    // Those that did start would keep this process.
    await Promise.all(started.map(({ process }) => process.kill()));
    await Promise.all([nats.stop(), receiver.close()]);
    throw error;
  });
  const logger = createLogger('fuzz', { level: 'silent' });
  const bus = await connectBus({ url: nats.url, name: 'fuzz', logger });
  await runCampaign(bus, at['space-controller']);
  services.push(await start(TRAINER));
  const classes = { classes: ['left', 'middle', 'right'], imagesPerClass: 12, side: 16 };
  return {
    bus,
    receiver,
    images: await scanImageFolder(await writeImageFolder(join(folder, 'images'), classes)),
    addressOf(service) {
      const owner = OWNERS[service];
      if (owner === undefined) throw new Error(`nobody says who serves ${service}; add it here`);
      return at[owner];
    },
    memory: async () =>
      Object.fromEntries(await Promise.all(services.map(async ({ name, process }) => [name, await rss(process.pid)]))),
    async stop() {
      const codes = await Promise.all(services.map(async ({ name, process }) => [name, await process.stop()]));
      await bus.close();
      await Promise.all([nats.stop(), receiver.close()]);
      await rm(folder, { recursive: true });
      return Object.fromEntries(codes);
    },
  };
}

/** With a trainer that answers by formulas, whose leases end before the fuzzed one listens. */
async function runCampaign(bus: Bus, address: string): Promise<void> {
  await ensureTopology(bus);
  const trainer = await startAnalyticTrainer(bus, 'formulas', bus.logger);
  const campaigns = connect(CampaignServiceService, address);
  const spec = CampaignSpec.create({ dataset: 'cifar10', preset: 'tiny', targetsMultiplyAdds: [60_000] });
  await campaigns.createCampaign({ campaignId: 'seed', campaign: Campaign.create({ spec }), requestId: 'seed' });
  let last: Campaign | undefined;
  for await (const { campaign } of campaigns.watchCampaign({ name: 'campaigns/seed', afterChange: 0 })) last = campaign;
  campaigns.close();
  await trainer.close();
  if (last?.status?.state === JobState.SUCCEEDED) return;
  throw new Error(`the campaign to start from failed: ${last?.status?.error?.message}`);
}

/** Throws if the process is gone. */
async function rss(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return 1024 * Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]);
}
