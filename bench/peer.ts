import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { trainerEnvironment } from '@nss/launcher';

const run = promisify(execFile);

/** A PyTorch implementation of the same method: a yardstick that is no part of this project. */
export type Peer = {
  /**
   * Runs one of its commands with so many threads; the JSON lines that it prints. With a Python `program` of ours, that one runs, and
   * gets the place of the peer's as its first argument.
   */
  lines<Line>(args: readonly (string | number)[], threads: number, program?: string): Promise<Line[]>;
};

export type PeerPlaces = {
  /** A Python environment with torch and numpy. */
  readonly environment: string;
  /** The peer's program. */
  readonly script: string;
  /** Folder with CIFAR-10's binary batches, for the commands that take `--data`. */
  readonly data?: string;
};

/**
 * The peer at these places. It gets the allocator's settings that trainers have: it gains more from them than this
 * project does. Throws when something is not there.
 */
export function openPeer({ environment, script, data }: PeerPlaces): Peer {
  const python = join(environment, 'bin', 'python');
  for (const path of [python, script, ...(data ? [data] : [])]) {
    if (!existsSync(path)) throw new Error(`the peer needs ${path}, which does not exist`);
  }
  return {
    async lines<Line>(args: readonly (string | number)[], threads: number, program?: string) {
      const env = trainerEnvironment(process.env, {}, threads);
      const all = [
        ...(program ? [program] : []),
        script,
        ...args.map(String),
        '--threads',
        String(threads),
        ...(data ? ['--data', data] : []),
      ];
      const { stdout } = await run(python, all, { env, maxBuffer: 1 << 26 });
      return stdout
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line): Line => JSON.parse(line));
    },
  };
}
