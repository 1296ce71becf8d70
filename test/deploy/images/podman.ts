import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';

/** Runs a command and gives what it printed. Rejects with the end of what it said when it fails. */
export type Run = (
  command: string,
  args: readonly string[],
  options?: { readonly input?: Readable },
) => Promise<string>;

/**
 * Commands for podman and what stands on it, with images and containers of their own in a folder. Not while others use it: as after a start of
 * the machine, no container is thought to run.
 */
export async function podmanIn(folder: string): Promise<Run> {
  await mkdir(folder, { recursive: true });
  await rm(join(folder, 'run'), { recursive: true, force: true });
  const [containers, storage] = [join(folder, 'containers.conf'), join(folder, 'storage.conf')];
  // Limits that no privilege is needed for; control groups are the cluster's to test.
  await writeFile(
    containers,
    `[containers]
default_ulimits = ["nofile=8192:8192", "nproc=4096:4096"]
cgroups = "disabled"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
tmp_dir = "${join(folder, 'run/libpod')}"
[network]
network_backend = "netavark"
network_config_dir = "${join(folder, 'networks')}"
`,
  );
  await writeFile(
    storage,
    `[storage]
driver = "overlay"
graphroot = "${join(folder, 'storage')}"
runroot = "${join(folder, 'run')}"
`,
  );
  const env = { ...process.env, CONTAINERS_CONF: containers, CONTAINERS_STORAGE_CONF: storage };
  return (command, args, { input } = {}) => run(command, args, env, input);
}

async function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv, input?: Readable) {
  const child = spawn(command, args, { env, stdio: [input ? 'pipe' : 'ignore', 'pipe', 'pipe'] });
  const closed = once(child, 'close');
  if (input && child.stdin) input.pipe(child.stdin);
  const [stdout, stderr] = await Promise.all([child.stdout, child.stderr].map((stream) => text(stream as Readable)));
  const [code] = await closed;
  if (code === 0) return stdout;
  const said = `${stdout}\n${stderr}`.trim().split('\n').slice(-60).join('\n');
  throw new Error(`\`${command} ${args.join(' ')}\` exited with ${code}:\n${said}`);
}
