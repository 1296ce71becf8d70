import { execFileSync } from 'node:child_process';
import { cpus, release, totalmem } from 'node:os';

/** What a number was measured on, for people. */
export function describeMachine(): string {
  const processors = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${processors.length} x ${processors[0].model.trim()}, ${memory} GiB, Linux ${release()}, Node ${process.version}`;
}

/** The checkout's commit; `-dirty` when files that git knows differ from it. */
export function describeCommit(): string {
  return execFileSync('git', ['describe', '--always', '--dirty', '--exclude', '*'], { encoding: 'utf8' }).trim();
}
