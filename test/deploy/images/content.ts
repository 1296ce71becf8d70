import { join } from 'node:path';
import type { Run } from './podman.ts';

/** What an image is not to hold: in which folders, and what `find` knows it by. */
const unwanted: readonly (readonly [what: string, folders: readonly string[], condition: readonly string[]])[] = [
  ['a shell', ['usr'], ['-path', '*/bin/*sh']],
  ['what its user cannot read', ['nss'], ['!', '-type', 'l', '!', '-perm', '-o=r']],
  ['what its user could change', ['nss', 'usr'], ['!', '-type', 'l', '-perm', '-o=w']],
  ['programs that run as somebody else', ['nss', 'usr'], ['-type', 'f', '-perm', '/6000']],
  ['tests', ['nss/libs', 'nss/services'], ['-name', '*.test.ts']],
  ['settings of the build', ['root', 'etc'], ['(', '-name', '.npmrc', '-o', '-name', 'pip.conf', ')']],
];

/** Looks through the files of an image; gives its size. Rejects with what should not be there. */
export async function checkContent(run: Run, image: string): Promise<string> {
  const root = (await run('podman', ['image', 'mount', image])).trim();
  const faults: string[] = [];
  try {
    for (const [what, folders, condition] of unwanted) {
      const found = await run('find', [...folders.map((folder) => join(root, folder)), ...condition]);
      if (found !== '') faults.push(`${what}:\n${found.replaceAll(`${root}/`, '/')}`);
    }
  } finally {
    await run('podman', ['image', 'unmount', image]);
  }
  if (faults.length > 0) throw new Error(`${image} holds ${faults.join('and ')}`);
  const size = Number(await run('podman', ['image', 'inspect', '--format', '{{.Size}}', image]));
  return `${(size / 1e6).toFixed(0)} MB`;
}
