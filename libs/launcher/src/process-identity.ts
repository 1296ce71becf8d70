import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * A process that stays told apart from a later one with the same pid: `startTime` is an opaque text that only equality is
 * asked of (on Linux: clock ticks since boot).
 */
export type ProcessIdentity = {
  readonly pid: number;
  readonly startTime: string;
};

/** The identity of a running process, or undefined when there is none (a zombie counts as none). */
export function identify(pid: number): ProcessIdentity | undefined {
  const found = process.platform === 'linux' ? readProcStat(pid) : askPs(pid);
  return found === undefined || found.state.startsWith('Z') ? undefined : { pid, startTime: found.startTime };
}

export function isAlive(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.startTime === identity.startTime;
}

/**
 * Ends processes that are not children of this one: SIGTERM, and SIGKILL for what is left after `graceMs`. Never signals a
 * process that has merely inherited a pid.
 */
export async function endProcesses(identities: readonly ProcessIdentity[], graceMs: number): Promise<void> {
  signalAll(identities, 'SIGTERM');
  const deadline = performance.now() + graceMs;
  while (identities.some(isAlive) && performance.now() < deadline) await delay(50);
  signalAll(identities, 'SIGKILL');
  while (identities.some(isAlive)) await delay(20);
}

function signalAll(identities: readonly ProcessIdentity[], signal: NodeJS.Signals): void {
  for (const identity of identities) {
    if (!isAlive(identity)) continue;
    try {
      process.kill(identity.pid, signal);
    } catch (error) {
      // Between the look and the signal it may have ended by itself.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

/** Resident memory of a process in bytes, where the system tells (Linux). */
export function residentBytes(pid: number): number | undefined {
  try {
    const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
  } catch {
    return undefined;
  }
}

type Found = { state: string; startTime: string };

function readProcStat(pid: number): Found | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // The second field is the program's name in parentheses and may hold anything; the third is the state, the 22nd the start.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0], startTime: fields[19] };
}

function askPs(pid: number): Found | undefined {
  const { stdout, status } = spawnSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { encoding: 'utf8' });
  if (status !== 0) return undefined;
  const [state, ...start] = stdout.trim().split(/\s+/);
  return { state, startTime: start.join(' ') };
}
