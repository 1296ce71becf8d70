import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Bus, connectBus } from '@nss/bus';
import {
  Campaign,
  CampaignServiceService,
  CampaignSpec,
  JobState,
  Phase,
  type Search,
  SearchServiceService,
} from '@nss/contracts';
import { findNatsServer } from '@nss/launcher';
import { connect } from '@nss/rpc';
import { createLogger } from '@nss/runtime';
import { startService } from '../mesh-processes.ts';
import { createHosts, type Hosts } from './hosts.ts';

const SERVICES = ['space-controller', 'evaluator', 'nas-runner', 'flops-estimator'] as const;
const TRAINERS = ['trainer-1', 'trainer-2'];
const analyticTrainers = join(import.meta.dirname, '../simulation/analytic-trainers-main.ts');

/** What a campaign found. */
export type Findings = { readonly state: string; readonly eliteSpaces: readonly string[] };

export type Outcome = {
  /** Of the same campaign, with all hosts in their places and with one cut off in the middle of a search. */
  readonly undisturbed: Findings;
  readonly disturbed: Findings;
  /** Trainers of the search, in their order; the first one's host was cut off. */
  readonly trainers: readonly string[];
  /** Who worked for a campaign after that host was brought back, the only one of a trainer that was left. */
  readonly afterwards: Findings & { readonly trainers: readonly string[] };
};

/**
 * The mesh with a host for NATS, for every service and for each of two trainers, which compute formulas. The host of the trainer that works on
 * a search is cut off, and comes back when the search has found another one.
 */
export async function cutOffATrainer(tell: (line: string) => void): Promise<Outcome> {
  const closers: (() => Promise<unknown>)[] = [];
  const hosts = await createHosts(['nats', ...SERVICES, ...TRAINERS]);
  closers.push(() => hosts.close());
  try {
    const mesh = await startMesh(hosts, closers);
    tell('a mesh on seven hosts runs');
    const undisturbed = await runCampaign(mesh, 'undisturbed');
    tell(`undisturbed: ${undisturbed.eliteSpaces.join(', ')}`);

    let trainers: string[] = [];
    const disturbed = await runCampaign(mesh, 'disturbed', async (search) => {
      const seen = trainersOf(search);
      if (seen.length === 1 && trainers.length === 0) {
        await hosts.cutOff(seen[0]);
        tell(`${search.name}: the host of ${seen[0]} is cut off`);
      }
      if (seen.length === 2 && trainers.length === 1) {
        await hosts.bringBack(seen[0]);
        tell(`${search.name}: goes on with ${seen[1]}; the host of ${seen[0]} is back`);
      }
      trainers = seen;
    });
    tell(`disturbed: ${disturbed.eliteSpaces.join(', ')}`);

    await mesh.trainers[trainers[1]].stop();
    let last: string[] = [];
    const found = await runCampaign(mesh, 'afterwards', async (search) => {
      last = trainersOf(search);
    });
    tell(`afterwards: ${last.join(', ')} works again`);
    return { undisturbed, disturbed, trainers, afterwards: { ...found, trainers: last } };
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

const trainersOf = (search: Search): string[] => search.status?.trainerUses.map(({ trainer }) => trainer) ?? [];

type HostedMesh = {
  readonly controller: string;
  readonly trainers: Readonly<Record<string, { stop(): Promise<unknown> }>>;
};

async function startMesh(hosts: Hosts, closers: (() => Promise<unknown>)[]): Promise<HostedMesh> {
  const folder = await mkdtemp(join(tmpdir(), 'nss-netns-'));
  closers.push(() => rm(folder, { recursive: true, force: true }));
  const natsUrl = `nats://${hosts.addressOf('nats')}:4222`;
  const [command, ...args] = [...hosts.on('nats'), findNatsServer(), '-js', '-sd', folder, '-p', '4222'];
  const nats = spawn(command, args, { stdio: 'ignore' });
  const ended = once(nats, 'exit');
  closers.push(async () => {
    nats.kill('SIGTERM');
    await ended;
  });
  // Waits until NATS serves.
  const bus: Bus = await connectBus({ url: natsUrl, name: 'test', logger: createLogger('test', { level: 'silent' }) });
  closers.push(() => bus.close());

  const at = (host: string) => `${hosts.addressOf(host)}:7000`;
  const env = {
    NSS_INSECURE: 'network',
    NSS_NATS_URL: natsUrl,
    NSS_SPACE_CONTROLLER_ADDRESS: at('space-controller'),
    NSS_EVALUATOR_ADDRESS: at('evaluator'),
    NSS_NAS_RUNNER_ADDRESS: at('nas-runner'),
    NSS_FLOPS_ESTIMATOR_ADDRESS: at('flops-estimator'),
    NSS_CHECKPOINT_STEPS: '20',
  };
  const start = async (host: string, more: { file?: string } = {}) => {
    const own = { ...env, ...(TRAINERS.includes(host) && { NSS_TRAINER_ID: host }) };
    const service = await startService(host, at(host), own, { ...more, wrapper: hosts.on(host) });
    closers.push(() => service.stop());
    return service;
  };
  await Promise.all(SERVICES.map((host) => start(host)));
  const trainers: Record<string, { stop(): Promise<unknown> }> = {};
  for (const host of TRAINERS) trainers[host] = await start(host, { file: analyticTrainers });
  return { controller: at('space-controller'), trainers };
}

/** Runs a campaign; `onSearch` is told every change of its search. */
async function runCampaign(
  { controller }: HostedMesh,
  campaignId: string,
  onSearch: (search: Search) => Promise<void> = async () => {},
): Promise<Findings> {
  const campaigns = connect(CampaignServiceService, controller);
  const searches = connect(SearchServiceService, controller);
  const spec = CampaignSpec.create({
    dataset: 'cifar10',
    preset: 'tiny',
    targetsMultiplyAdds: [60_000],
    phases: [Phase.WARMUP, Phase.SEARCH],
    overrides: { search: { weights: { epochs: 2000 } } },
  });
  try {
    await campaigns.createCampaign({ campaignId, campaign: Campaign.create({ spec }), requestId: campaignId });
    let watched: Promise<void> | undefined;
    let last: Campaign | undefined;
    const watch = async (name: string) => {
      for await (const { search } of searches.watchSearch({ name, afterChange: 0 })) if (search) await onSearch(search);
    };
    for await (const { campaign } of campaigns.watchCampaign({ name: `campaigns/${campaignId}`, afterChange: 0 })) {
      last = campaign;
      const [search] = campaign?.phases.find(({ phase }) => phase === Phase.SEARCH)?.jobs ?? [];
      if (search) watched ??= watch(search);
    }
    await watched;
    const state = last?.status?.state ?? JobState.UNSPECIFIED;
    const error = last?.status?.error?.message;
    return {
      state: error ? `${state} ${error}` : state,
      eliteSpaces: last?.eliteSpaces.map(({ text, certificate }) => `${text} ${JSON.stringify(certificate)}`) ?? [],
    };
  } finally {
    campaigns.close();
    searches.close();
  }
}
