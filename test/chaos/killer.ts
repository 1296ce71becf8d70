import { setTimeout as delay } from 'node:timers/promises';
import { readMesh } from '@nss/launcher';
import { randomOf } from '@nss/space';

export type Kill = { readonly process: string; readonly signal: 'SIGKILL' | 'SIGTERM' };

export type Killer = {
  /** What was killed so far. */
  readonly kills: readonly Kill[];
  /** Ends the killing; resolves when it has ended. */
  stop(): Promise<void>;
};

/** Between two moments of killing, in milliseconds. */
const PAUSE_MS = { min: 100, max: 2_500 };
/** In ten moments: how often several processes die at once, and how often one is asked to leave instead. */
const [TOGETHER, ASKED] = [2, 1];

/**
 * Kills processes of a mesh, its NATS server among them, at moments and in combinations that follow from `seed`, until `most` are
 * killed. Only what `mesh.json` says is running now is killed.
 */
export function startKiller(stateDir: string, { seed, most }: { seed: number; most: number }): Killer {
  const kills: Kill[] = [];
  const over = new AbortController();
  const killOne = (random: ReturnType<typeof randomOf>, signal: Kill['signal']) => {
    const running = readMesh(stateDir)?.processes ?? [];
    if (running.length === 0 || kills.length >= most) return;
    const { name, pid } = running[random.integer(0, running.length - 1)];
    try {
      process.kill(pid, signal);
      kills.push({ process: name, signal });
    } catch (error) {
      // It was dead already, from the kill before.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  };
  const killing = (async () => {
    for (let moment = 0; kills.length < most; moment++) {
      const random = randomOf(seed, 'kill', moment);
      await delay(random.integer(PAUSE_MS.min, PAUSE_MS.max), undefined, { signal: over.signal });
      const how = random.integer(0, 9);
      if (how < TOGETHER) for (let i = random.integer(2, 4); i > 0; i--) killOne(random, 'SIGKILL');
      else killOne(random, how < TOGETHER + ASKED ? 'SIGTERM' : 'SIGKILL');
    }
  })().catch((error) => {
    if (!over.signal.aborted) throw error;
  });
  return {
    kills,
    async stop() {
      over.abort();
      await killing;
    },
  };
}
