import { execFile } from 'node:child_process';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type VerifiedArchive, verifyFile } from './archive.ts';
import type { Archive, DebianPackage } from './catalog.ts';
import { DatasetError } from './errors.ts';

/** Runs a command to its end; rejects when it fails. */
export type RunCommand = (
  command: string,
  args: string[],
  options: { cwd: string; signal?: AbortSignal },
) => Promise<void>;

export const runCommand: RunCommand = async (command, args, options) => {
  await promisify(execFile)(command, args, options);
};

/**
 * The archives out of a Debian package: the installed one, else one that apt downloads and dpkg-deb unpacks into `folder`
 * (nothing gets installed). Throws DatasetError `unavailable` when there is no apt or no such package.
 */
export async function debianArchives(
  debian: DebianPackage,
  archives: readonly Archive[],
  folder: string,
  run: RunCommand,
  signal?: AbortSignal,
): Promise<VerifiedArchive[]> {
  return verifyAll(debian, archives, debian.folder, signal).catch(async () => {
    signal?.throwIfAborted();
    const root = await unpackPackage(debian, folder, run, signal);
    return verifyAll(debian, archives, join(root, debian.folder), signal);
  });
}

async function unpackPackage(
  debian: DebianPackage,
  folder: string,
  run: RunCommand,
  signal?: AbortSignal,
): Promise<string> {
  const options = { cwd: folder, signal };
  const download = () => run('apt-get', ['download', '--quiet', debian.package], options);
  try {
    await download().catch(async (error) => {
      // apt-get is there, but its lists are missing or old.
      if (error.code === 'ENOENT' || signal?.aborted) throw error;
      await run('apt-get', ['update', '--quiet'], options);
      await download();
    });
    const file = (await readdir(folder)).find((name) => name.endsWith('.deb'));
    if (!file) throw new Error('apt-get download left no .deb file');
    const root = join(folder, 'package');
    await mkdir(root);
    await run('dpkg-deb', ['-x', join(folder, file), root], options);
    return root;
  } catch (cause) {
    signal?.throwIfAborted();
    const { code, message, stderr } = cause as NodeJS.ErrnoException & { stderr?: string };
    const reason = code === 'ENOENT' ? 'no apt-get here' : (stderr?.trim().split('\n').at(-1) ?? message);
    throw new DatasetError('unavailable', `Debian's package ${debian.package} could not be downloaded: ${reason}`, {
      file: debian.package,
      found: reason,
      cause,
    });
  }
}

async function verifyAll(debian: DebianPackage, archives: readonly Archive[], folder: string, signal?: AbortSignal) {
  const verified: VerifiedArchive[] = [];
  try {
    for (const { file } of archives) {
      verified.push(await verifyFile(join(folder, file), { file, sha256: debian.sha256[file] }, undefined, signal));
    }
    return verified.map((archive) => ({ ...archive, source: `Debian package ${debian.package}` }));
  } catch (error) {
    await Promise.all(verified.map(({ handle }) => handle.close()));
    throw error;
  }
}
