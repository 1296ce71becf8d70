import { readFile } from 'node:fs/promises';
import { type Bus, connectBus } from '@nss/bus';
import { startNatsServer } from '@nss/bus/testing';
import { createLogger } from '@nss/runtime';
import { freeAddresses, startService } from '../mesh-processes.ts';

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
};

export type FuzzedMesh = {
  readonly bus: Bus;
  addressOf(service: string): string;
  /** Resident memory in bytes, by service. */
  memory(): Promise<Record<string, number>>;
  /** Exit codes of the services; null of one that had to be killed. */
  stop(): Promise<Record<string, number | null>>;
};

/** NATS and every service, each as a process of its own. */
export async function startFuzzedMesh(): Promise<FuzzedMesh> {
  const nats = await startNatsServer();
  const names = [...new Set(Object.values(OWNERS))];
  const addresses = await freeAddresses(names.length);
  const at = Object.fromEntries(names.map((name, i) => [name, addresses[i]]));
  const env = {
    NSS_NATS_URL: nats.url,
    NSS_SPACE_CONTROLLER_ADDRESS: at['space-controller'],
    NSS_EVALUATOR_ADDRESS: at.evaluator,
    NSS_NAS_RUNNER_ADDRESS: at['nas-runner'],
    NSS_FLOPS_ESTIMATOR_ADDRESS: at['flops-estimator'],
  };
  const starting = names.map(async (name) => ({ name, process: await startService(name, at[name], env) }));
  const started = (await Promise.allSettled(starting)).flatMap((result) =>
    result.status === 'fulfilled' ? result.value : [],
  );
  const services = await Promise.all(starting).catch(async (error) => {
    // Those that did start would keep this process.
    await Promise.all(started.map(({ process }) => process.kill()));
    await nats.stop();
    throw error;
  });
  const logger = createLogger('fuzz', { level: 'silent' });
  const bus = await connectBus({ url: nats.url, name: 'fuzz', logger });
  return {
    bus,
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
      await nats.stop();
      return Object.fromEntries(codes);
    },
  };
}

/** Throws if the process is gone. */
async function rss(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return 1024 * Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]);
}
