import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { differences, type Outcome, runCampaign } from './campaign.ts';
import { type Kill, startKiller } from './killer.ts';
import { startChaosMesh } from './mesh.ts';

export type ChaosOptions = {
  /** Processes to kill, over as many rounds as it takes. */
  readonly kills: number;
  readonly seed: number;
  /** Size of a round's campaign: 1 takes seconds. */
  readonly size: number;
  /** No round begins after this. */
  readonly limitMs: number;
  readonly realTrainers: boolean;
  /** Ends everything. */
  readonly signal?: AbortSignal;
  readonly onRound?: (round: Round) => void;
};

/** A campaign that was disturbed. */
export type Round = {
  readonly kills: readonly Kill[];
  readonly seconds: number;
  readonly files: number;
  /** How it differs from the undisturbed one. */
  readonly differences: readonly string[];
};

export type ChaosResult = { readonly undisturbed: Outcome; readonly rounds: readonly Round[] };

/**
 * Runs a campaign undisturbed, then the same one again and again while processes of the mesh are killed at random, until
 * enough are. Every round has to end like the first run.
 */
export async function chaos(options: ChaosOptions): Promise<ChaosResult> {
  const folder = await mkdtemp(join(tmpdir(), 'nss-chaos-'));
  const started = performance.now();
  const mesh = await startChaosMesh(folder, options);
  const rounds: Round[] = [];
  const given = Promise.withResolvers<never>();
  given.promise.catch(() => {});
  options.signal?.addEventListener('abort', () => given.reject(options.signal?.reason));
  const runOne = (onEnd?: () => Promise<void>) => Promise.race([runCampaign(mesh, options.size, onEnd), given.promise]);
  try {
    const undisturbed = await runOne();
    let left = options.kills;
    while (left > 0 && performance.now() - started < options.limitMs) {
      const roundStarted = performance.now();
      const killer = startKiller(mesh.stateDir, { seed: options.seed + rounds.length, most: left });
      const outcome = await runOne(killer.stop).finally(killer.stop);
      const seconds = (performance.now() - roundStarted) / 1000;
      const found = differences(undisturbed, outcome);
      const round = { kills: killer.kills, seconds, files: outcome.files.size, differences: found };
      rounds.push(round);
      options.onRound?.(round);
      left -= killer.kills.length;
    }
    return { undisturbed, rounds };
  } finally {
    await mesh.stop();
    if (process.env.NSS_CHAOS_KEEP) console.error(`kept ${folder}`);
    else await rm(folder, { recursive: true, force: true });
  }
}
