import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectBus } from '@nss/bus';
import { CampaignServiceService, EvaluationServiceService, JobState } from '@nss/contracts';
import { startMesh } from '@nss/launcher';
import { connect } from '@nss/rpc';
import { createLogger } from '@nss/runtime';
import { simulatedServices } from '../simulation/simulated-services.ts';
import { createCampaigns, followCampaigns, type Load } from './campaigns.ts';
import { type Largest, largestMessages } from './largest-messages.ts';
import { type Call, type Latencies, startProbes } from './probes.ts';
import { type MachineUse, type ProcessUse, sampleProcesses } from './processes.ts';
import { type StoredRows, storedRows } from './rows.ts';

/** What became of a load. */
export type LoadResult = {
  /** From the first campaign created to the last one ended. */
  readonly seconds: number;
  /** Campaigns that did not succeed, with why. */
  readonly failures: readonly string[];
  readonly stored: StoredRows;
  readonly latencies: Record<Call, Latencies>;
  readonly processes: readonly ProcessUse[];
  readonly machine: MachineUse;
  /** By stream. */
  readonly largest: readonly Largest[];
};

const logger = createLogger('load', { level: 'silent' });

/** Runs a load on an embedded mesh of its own: real services, one of each, a real NATS server, and trainers that compute formulas. */
export async function runLoad(load: Load): Promise<LoadResult> {
  const folder = await mkdtemp(join(tmpdir(), 'nss-load-'));
  Object.assign(process.env, {
    NSS_LOG_LEVEL: 'warn',
    NSS_ANALYTIC_TRAINERS: String(load.trainers),
    ...(load.multiplyAddsPerSecond && {
      NSS_ANALYTIC_MULTIPLY_ADDS_PER_SECOND: String(load.multiplyAddsPerSecond),
    }),
    // All campaigns at once.
    NSS_CONCURRENCY: String(Math.max(16, load.campaigns)),
  });
  const mesh = await startMesh({
    stateDir: join(folder, 'state'),
    servicesDir: simulatedServices(folder),
    trainers: 1,
  });
  const campaigns = connect(CampaignServiceService, mesh.addresses.spaceController);
  const evaluations = connect(EvaluationServiceService, mesh.addresses.evaluator);
  const bus = await connectBus({ url: mesh.natsUrl, name: 'load', logger });
  try {
    const sampler = sampleProcesses(mesh.stateDir);
    const start = performance.now();
    await createCampaigns(campaigns, load);
    const probes = startProbes(mesh.addresses, load.campaigns);
    const ended = await followCampaigns(campaigns, load);
    const seconds = (performance.now() - start) / 1000;
    const latencies = await probes.stop();
    const { processes, machine } = sampler.stop();
    const failures = ended.flatMap(({ name, status }) =>
      status?.state === JobState.SUCCEEDED ? [] : [`${name}: ${status?.state} ${status?.error?.message ?? ''}`],
    );
    const stored = await storedRows(bus, evaluations);
    return { seconds, failures, stored, latencies, processes, machine, largest: await largestMessages(bus) };
  } finally {
    campaigns.close();
    evaluations.close();
    await bus.close();
    await mesh.stop();
    if (process.env.NSS_LOAD_KEEP) console.error(`kept ${folder}`);
    else await rm(folder, { recursive: true, force: true });
  }
}
