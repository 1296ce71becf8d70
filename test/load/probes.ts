import { setTimeout as delay } from 'node:timers/promises';
import { quantile } from '@nss/analysis';
import { CampaignServiceService, EvaluationServiceService } from '@nss/contracts';
import type { MeshAddresses } from '@nss/launcher';
import { connect } from '@nss/rpc';
import { randomOf } from '@nss/space';
import { nameOf } from './campaigns.ts';

/** What a user would ask while the mesh works. */
export type Call = 'Get' | 'List' | 'Watch';

/** Milliseconds; of a Watch, until the job as it is now has come. */
export type Latencies = {
  readonly calls: number;
  readonly failed: number;
  readonly p50: number;
  readonly p99: number;
  readonly most: number;
};

export type Probes = {
  /** Ends the asking and gives what it took. */
  stop(): Promise<Record<Call, Latencies>>;
};

const PAUSE_MS = 50;
/** The first page, of the usual size. */
const page = { pageSize: 0, pageToken: '' };

/**
 * Asks again and again, with clients of its own, for one campaign of `campaigns`, for a page of them and for a page of evaluations, and
 * watches one, each in a loop that pauses between two calls.
 */
export function startProbes(
  addresses: Pick<MeshAddresses, 'spaceController' | 'evaluator'>,
  campaigns: number,
): Probes {
  const controller = connect(CampaignServiceService, addresses.spaceController);
  const evaluator = connect(EvaluationServiceService, addresses.evaluator);
  const over = new AbortController();
  const random = randomOf(0, 'probes');
  const anyName = () => nameOf(random.integer(0, campaigns - 1));
  const ask = {
    Get: () => controller.getCampaign({ name: anyName() }),
    List: () => (random.integer(0, 1) ? controller.listCampaigns(page) : evaluator.listEvaluations(page)),
    async Watch() {
      const watching = new AbortController();
      const changes = controller.watchCampaign({ name: anyName(), afterChange: 0 }, { signal: watching.signal });
      await changes[Symbol.asyncIterator]().next();
      watching.abort();
    },
  };
  const loop = async (call: Call) => {
    const took: number[] = [];
    let failed = 0;
    while (!over.signal.aborted) {
      const start = performance.now();
      await ask[call]().catch(() => failed++);
      took.push(performance.now() - start);
      await delay(PAUSE_MS);
    }
    return latenciesOf(took, failed);
  };
  const loops = { Get: loop('Get'), List: loop('List'), Watch: loop('Watch') };
  return {
    async stop() {
      over.abort();
      try {
        const [Get, List, Watch] = await Promise.all([loops.Get, loops.List, loops.Watch]);
        return { Get, List, Watch };
      } finally {
        controller.close();
        evaluator.close();
      }
    },
  };
}

const latenciesOf = (took: readonly number[], failed: number): Latencies => ({
  calls: took.length,
  failed,
  p50: quantile(took, 0.5),
  p99: quantile(took, 0.99),
  most: quantile(took, 1),
});
