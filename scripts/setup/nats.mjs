import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cachedFolder } from './cache.mjs';
import { findExecutable, runCommand } from './command.mjs';
import { download } from './download.mjs';
import { SetupError, step } from './progress.mjs';

/** The official release that is taken when the system has none. SHA-256 as the makers' own container images pin them. */
const release = {
  version: '2.10.29',
  builds: {
    'linux-x64': { name: 'linux-amd64', sha256: 'e314da74a83a1d3876db8814c27eb990fe729640fd6452025b441bcede8390da' },
    'linux-arm64': { name: 'linux-arm64', sha256: 'da4b27942ecfb4c5f0c54553d2e7f470ddda9d7581cfe8131b351a0e223ed401' },
  },
};

/** Where packages put servers; not every PATH has it. */
const systemFolders = ['/usr/sbin', '/usr/local/sbin', '/usr/local/bin', '/opt/homebrew/bin'];

const waysOut = [
  'set NATS_SERVER to the path of a nats-server (2.9 or newer)',
  'install one where PATH or /usr/sbin has it (Debian, Ubuntu: apt-get install nats-server; macOS: brew install nats-server)',
  `unpack https://github.com/nats-io/nats-server/releases/tag/v${release.version} and name the program in NATS_SERVER`,
];

/**
 * The path of a nats-server: `$NATS_SERVER`, else one of the system, else one taken earlier, else Debian's package
 * (unpacked into the cache: no root needed, no service started), else the official release.
 *
 * @throws {SetupError} that names all these ways when none works
 */
export async function ensureNatsServer({ cache, env, folders }) {
  const found = findNatsServer({ cache, env, folders });
  if (found !== undefined) return found;

  const failures = [];
  for (const source of [debianPackage, officialRelease]) {
    try {
      const folder = await cachedFolder(join(cache, source.folder), (into) =>
        step(source.what, () => source.fetch(into, env)),
      );
      return join(folder, 'nats-server');
    } catch (error) {
      failures.push(`${source.what}: ${error.message}`);
    }
  }
  throw new SetupError(
    `there is no nats-server on this machine and none could be fetched.\n${failures.map((line) => `- ${line}`).join('\n')}\n` +
      `Ways out:\n${waysOut.map((way) => `- ${way}`).join('\n')}`,
  );
}

/**
 * A nats-server that is already on this machine, or undefined.
 *
 * @throws {SetupError} when `$NATS_SERVER` names something that cannot be run: a setting is never passed over silently
 */
export function findNatsServer({ cache, env, folders = systemFolders }) {
  if (env.NATS_SERVER) {
    const set = findExecutable(env.NATS_SERVER, env);
    if (set !== undefined) return set;
    throw new SetupError(
      `NATS_SERVER is "${env.NATS_SERVER}", which is not a program that can be run. Correct it, or unset it to have a ` +
        'nats-server found or fetched.',
    );
  }
  const system = findExecutable('nats-server', env, folders);
  if (system !== undefined) return system;
  return [debianPackage, officialRelease]
    .map((source) => findExecutable(join(cache, source.folder, 'nats-server'), env))
    .find((path) => path !== undefined);
}

const debianPackage = {
  folder: `nats-server-debian-${process.arch}`,
  what: "Fetching nats-server from Debian's packages",
  async fetch(into, env) {
    if (findExecutable('apt-get', env) === undefined || findExecutable('dpkg-deb', env) === undefined) {
      throw new Error('apt-get and dpkg-deb are not there: not a Debian system');
    }
    const work = join(into, 'work');
    for (const folder of ['lists/partial', 'cache/archives/partial'])
      mkdirSync(join(work, folder), { recursive: true });
    // Package lists of its own: the system's may be empty (fresh containers), and only root may refresh them.
    const options = [
      ['-o', `Dir::State::Lists=${join(work, 'lists')}`],
      ['-o', `Dir::Cache=${join(work, 'cache')}`],
      ['-o', 'APT::Sandbox::User='],
      ['-o', 'Acquire::Retries=2'],
    ].flat();
    await runCommand('apt-get', [...options, 'update'], { cwd: work, env });
    await runCommand('apt-get', [...options, 'download', 'nats-server'], { cwd: work, env });
    const archive = readdirSync(work).find((name) => name.endsWith('.deb'));
    await runCommand('dpkg-deb', ['-x', join(work, archive), join(work, 'root')], { env });
    renameSync(join(work, 'root/usr/sbin/nats-server'), join(into, 'nats-server'));
    rmSync(work, { recursive: true });
  },
};

const officialRelease = {
  folder: `nats-server-${release.version}-${process.arch}`,
  what: `Fetching the official nats-server ${release.version}`,
  async fetch(into) {
    const platform = `${process.platform}-${process.arch}`;
    const build = release.builds[platform];
    if (build === undefined) throw new Error(`no release is pinned for ${platform}`);
    const name = `nats-server-v${release.version}-${build.name}`;
    const archive = join(into, 'archive.tar.gz');
    const base = 'https://github.com/nats-io/nats-server/releases/download';
    await download(`${base}/v${release.version}/${name}.tar.gz`, archive, build.sha256);
    await runCommand('tar', ['-xzf', archive, '-C', into, '--strip-components=1', `${name}/nats-server`]);
    rmSync(archive);
  },
};
