import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { trainerEnvironment } from '@nss/launcher';

const run = promisify(execFile);

export type WorkloadOptions = {
  /** Threads of one tensor operation. */
  readonly threads: number;
  readonly environment?: Readonly<Record<string, string>>;
};

/** Runs `workloads/<name>.ts` with the environment of a trainer; what it prints is JSON. Rejects when the program fails. */
export type RunWorkload = <Result>(
  name: string,
  args: readonly (string | number)[],
  options: WorkloadOptions,
) => Promise<Result>;

export const runWorkload: RunWorkload = async (name, args, { threads, environment = {} }) => {
  const program = fileURLToPath(new URL(`workloads/${name}.ts`, import.meta.url));
  const env = trainerEnvironment(process.env, environment, threads);
  const { stdout } = await run(process.execPath, [program, ...args.map(String)], { env, maxBuffer: 1 << 26 });
  return JSON.parse(stdout);
};
