import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { defaultServicesDir } from './directories.ts';
import { plainText } from './plan.ts';
import { serviceEnvironment } from './process-environment.ts';

export type PlatformAdapterOptions = {
  /** host:port of a space-controller on this machine. */
  readonly spaceController: string;
  /** host:port to serve Katib and Vizier on. */
  readonly listen: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Ends it. */
  readonly signal: AbortSignal;
};

/**
 * Runs the platform-adapter beside a mesh of this machine until `signal`, its log on standard error. Gives the exit code when it ends by
 * itself, undefined when it was ended.
 */
export async function runPlatformAdapter(options: PlatformAdapterOptions): Promise<number | undefined> {
  const { spaceController, listen, env, signal } = options;
  const settings = { ...plainText, NSS_SPACE_CONTROLLER_ADDRESS: spaceController, NSS_LISTEN: listen };
  const child = spawn(process.execPath, [join(defaultServicesDir, 'platform-adapter/src/main.ts')], {
    env: serviceEnvironment(env, settings),
    stdio: ['ignore', 'ignore', 'inherit'],
    // A process group of its own: Ctrl-C on the terminal would else come as a second signal.
    detached: true,
  });
  const end = () => child.kill('SIGTERM');
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  const [code] = await once(child, 'exit');
  return signal.aborted ? undefined : (code ?? 1);
}
