import { spawn } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Run } from './podman.ts';

/** Images that others make, each with how to make one like it where its registry cannot be reached; `folder` is for work. */
export const standIns: Readonly<Record<string, (run: Run, name: string, folder: string) => Promise<unknown>>> = {
  'debian:trixie-slim': async (run, name, folder) => {
    const root = join(folder, 'root');
    await run('debootstrap', ['--variant=minbase', 'trixie', root]);
    const archive = spawn('tar', ['-C', root, '-c', '.'], { stdio: ['ignore', 'pipe', 'inherit'] });
    await run('podman', ['import', '--change', 'CMD ["bash"]', '-', name], { input: archive.stdout });
  },
  'gcr.io/distroless/cc-debian13:nonroot': (run, name, folder) => buildStandIn(run, name, 'distroless-cc', folder),
  'nats:2.10.29-alpine': (run, name, folder) => buildStandIn(run, name, 'nats', folder),
};

async function buildStandIn(run: Run, name: string, file: string, folder: string): Promise<void> {
  await cp(join(import.meta.dirname, `${file}.Dockerfile`), join(folder, 'Dockerfile'));
  await build(run, ['--tag', name, folder]);
}

/** `podman build` that needs no more of the machine than being root; Docker's format, since OCI's has no SHELL. */
export const build = (run: Run, args: readonly string[]): Promise<string> =>
  run('podman', ['build', '--isolation', 'chroot', '--network', 'host', '--format', 'docker', '--pull=never', ...args]);

/** Gets the image from its registry, or makes its stand-in; says which. */
export async function ensureImage(run: Run, name: string, work: string): Promise<string> {
  const full = name.includes('/') ? name : `docker.io/library/${name}`;
  if (await succeeds(run('podman', ['image', 'exists', full]))) return 'as before';
  if (await succeeds(run('podman', ['pull', '--quiet', full]))) return 'from its registry';
  const folder = await mkdtemp(join(work, 'stand-in-'));
  try {
    await standIns[name](run, full, folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return 'a stand-in of Debian packages';
}

const succeeds = (running: Promise<unknown>): Promise<boolean> =>
  running.then(
    () => true,
    () => false,
  );
