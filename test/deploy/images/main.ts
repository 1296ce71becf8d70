import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { checkoutCommit, checkoutManifest, defaultCacheDir } from '@nss/launcher';
import { checkContent } from './content.ts';
import { podmanIn } from './podman.ts';
import { build, ensureImage, standIns } from './stand-ins.ts';
import { heading, step } from './steps.ts';

const usage = `Usage: npm run images -- [options] [TARGET...]
Builds targets of deploy/Dockerfile and looks through what is in them. Without TARGETs: service, platform-adapter and trainer, and then runs
deploy/compose.yaml with them, a campaign on it, and the platform-adapter. No Docker engine is needed, but root and, of Debian's packages,
podman, podman-compose, crun, netavark, aardvark-dns, iptables and debootstrap. An image that no registry in reach has is made of Debian packages.

  --secret id=ID,src=FILE  as for \`docker build\`; deploy/Dockerfile says which there are
  --folder FOLDER          where images and layers are kept for the next time (default: images in the cache of NSS)
  --no-build               run what was built the last time
  -h, --help               show this help`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    secret: { type: 'string', multiple: true, default: [] },
    folder: { type: 'string', default: join(defaultCacheDir(), 'images') },
    'no-build': { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
const checkout = join(import.meta.dirname, '../../..');

if (values.help) console.log(usage);
else if (process.getuid?.() !== 0) {
  console.error('npm run images needs root');
  process.exitCode = 1;
} else await main();

async function main(): Promise<void> {
  const targets = positionals.length > 0 ? positionals : ['service', 'platform-adapter', 'trainer'];
  console.log(`commit ${checkoutCommit()}, ${new Date().toISOString()}\n\n${heading}`);
  try {
    if (!values['no-build']) await buildImages(targets);
    if (positionals.length === 0) process.exitCode = await runMesh();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}

async function buildImages(targets: readonly string[]): Promise<void> {
  const run = await podmanIn(values.folder);
  const work = await mkdtemp(join(tmpdir(), 'nss-images-'));
  try {
    for (const name of Object.keys(standIns)) await step(name, () => ensureImage(run, name, work));
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  const secrets = values.secret.flatMap((secret) => ['--secret', secret]);
  for (const target of targets) {
    const image = `nss-${target}:${checkoutManifest().version}`;
    await step(`build ${target}`, async () => {
      const file = join(checkout, 'deploy/Dockerfile');
      await build(run, ['--file', file, '--target', target, '--tag', image, ...secrets, checkout]);
      return checkContent(run, image);
    });
  }
}

/** In namespaces of its own: when this ends, however it ends, so do all containers, mounts and networks. */
async function runMesh(): Promise<number> {
  // What runs is written down in /run. crun does not know control groups of both versions at once.
  const prepare = `ip link set lo up
mount -t tmpfs tmpfs /run
[ -e /sys/fs/cgroup/cgroup.controllers ] || mount -t cgroup2 cgroup2 /sys/fs/cgroup
exec "$@"`;
  const namespaces = ['--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const mesh = [process.execPath, join(import.meta.dirname, 'mesh-main.ts'), values.folder, checkoutManifest().version];
  const child = spawn('unshare', [...namespaces, 'sh', '-ec', prepare, 'sh', ...mesh], { stdio: 'inherit' });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => child.kill());
  const [code] = await once(child, 'exit');
  return code ?? 1;
}
