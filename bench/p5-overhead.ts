import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CampaignSpec, Phase } from '@nss/contracts';
import { campaignSeconds, secondsOf, withMesh } from './mesh.ts';
import { type Part, rowOf } from './part.ts';

const EPOCHS = 2;

/**
 * P5: how much of the time that a search has its trainer the trainer's computing thread does not work: gRPC, NATS, storing, the search
 * itself. Preset `small` with fewer epochs, on one trainer with one thread, so that the services have a core.
 */
export const overhead: Part = {
  id: 'P5',
  what: 'time outside of the tensor work in a search on the mesh',
  async measure() {
    process.env.NSS_METRICS_LISTEN = '127.0.0.1:0';
    try {
      return await withMesh({ trainers: 1, threadsPerTrainer: 1 }, async (nss, stateDir) => {
        const overrides = { search: { weights: { epochs: EPOCHS, warmupFraction: 0.3 } } };
        const spec = {
          dataset: 'cifar10',
          preset: 'small',
          targetsMultiplyAdds: [8e6],
          phases: [Phase.SEARCH],
          overrides,
        };
        await campaignSeconds(nss, 'search', CampaignSpec.create(spec));
        const { searches } = await nss.searches.listSearches({ pageSize: 1, pageToken: '' });
        const { warmups } = await nss.warmups.listWarmups({ pageSize: 1, pageToken: '' });
        const uses = [...searches, ...warmups].flatMap(({ status }) => status?.trainerUses ?? []);
        const leased = uses.reduce((sum, use) => sum + secondsOf(use), 0);
        const busy = await busySeconds(stateDir);
        return [
          rowOf('P5', 'share of a search in which its trainer does not compute', 100 * (1 - busy / leased), '%', {
            atMost: 2,
          }),
          rowOf('P5/leased', `time that the search and its warmup have the trainer, ${EPOCHS} epochs`, leased, 's'),
        ];
      });
    } finally {
      delete process.env.NSS_METRICS_LISTEN;
    }
  },
};

/** What the trainer's metrics say of its computing thread. */
async function busySeconds(stateDir: string): Promise<number> {
  const log = await readFile(join(stateDir, 'logs', 'supernet-trainer-1.log'), 'utf8');
  const url = /"url":"([^"]+)","msg":"metrics are served"/.exec(log)?.[1];
  if (!url) throw new Error('the trainer serves no metrics');
  const metrics = await (await fetch(url)).text();
  const value = /^nss_trainer_busy_seconds\S* (\S+)/m.exec(metrics)?.[1];
  if (!value) throw new Error(`the trainer's metrics at ${url} do not say how long it was busy`);
  return Number(value);
}
