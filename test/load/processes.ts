import { readFileSync } from 'node:fs';
import { readMesh } from '@nss/launcher';

/** What a process of the mesh took. */
export type ProcessUse = {
  readonly process: string;
  readonly cpuSeconds: number;
  /** Resident memory in MiB: at most, and its samples. */
  readonly mostMemory: number;
  readonly memory: readonly Sample[];
};

/** MiB at a time in seconds. */
export type Sample = { readonly seconds: number; readonly mib: number };

/** Processor time of the machine in seconds, all cores together, and what processes outside the mesh took of it. */
export type MachineUse = { readonly cpuSeconds: number; readonly othersSeconds: number };

export type Sampler = { stop(): { readonly processes: readonly ProcessUse[]; readonly machine: MachineUse } };

const EVERY_MS = 500;
/** Linux counts processor time in these. */
const TICKS_A_SECOND = 100;
const PAGE_BYTES = 4096;

/** Samples memory and processor time of the processes of a mesh, from /proc. */
export function sampleProcesses(stateDir: string): Sampler {
  const processes = readMesh(stateDir)?.processes ?? [];
  const start = performance.now();
  const machineBefore = machineTimes();
  const before = processes.map(({ pid }) => usageOf(pid).cpuSeconds);
  const memory = processes.map((): Sample[] => []);
  const sample = () => {
    const seconds = (performance.now() - start) / 1000;
    for (const [i, { pid }] of processes.entries()) memory[i].push({ seconds, mib: usageOf(pid).mib });
  };
  const timer = setInterval(sample, EVERY_MS);
  return {
    stop() {
      clearInterval(timer);
      sample();
      const uses = processes.map(({ name, pid }, i) => ({
        process: name,
        cpuSeconds: usageOf(pid).cpuSeconds - before[i],
        mostMemory: Math.max(...memory[i].map(({ mib }) => mib)),
        memory: memory[i],
      }));
      const { all, busy } = machineTimes();
      const own = uses.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0);
      const machine = {
        cpuSeconds: all - machineBefore.all,
        othersSeconds: Math.max(0, busy - machineBefore.busy - own),
      };
      return { processes: uses, machine };
    },
  };
}

/** MiB a minute by which memory grew: the slope of the line through the samples of the later half (least squares). */
export function growthOf(memory: readonly Sample[]): number {
  const later = memory.slice(Math.floor(memory.length / 2));
  const meanOf = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const [seconds, mib] = [meanOf(later.map((each) => each.seconds)), meanOf(later.map((each) => each.mib))];
  const square = later.reduce((sum, each) => sum + (each.seconds - seconds) ** 2, 0);
  const product = later.reduce((sum, each) => sum + (each.seconds - seconds) * (each.mib - mib), 0);
  return square > 0 ? (60 * product) / square : 0;
}

/** Seconds since the machine started, of all cores: in all, and not idle. */
function machineTimes(): { all: number; busy: number } {
  const [line] = readFileSync('/proc/stat', 'utf8').split('\n');
  const [user, nice, system, idle, waiting, ...rest] = line.split(/ +/).slice(1, 9).map(Number);
  const busy = [user, nice, system, ...rest].reduce((a, b) => a + b, 0) / TICKS_A_SECOND;
  return { all: busy + (idle + waiting) / TICKS_A_SECOND, busy };
}

function usageOf(pid: number): { cpuSeconds: number; mib: number } {
  // The name, in parentheses, may hold anything.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  const [userTicks, systemTicks, pages] = [fields[11], fields[12], fields[21]].map(Number);
  return { cpuSeconds: (userTicks + systemTicks) / TICKS_A_SECOND, mib: (pages * PAGE_BYTES) / 2 ** 20 };
}
