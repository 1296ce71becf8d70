import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Campaign } from '@nss/contracts';
import { parseArtifactName } from '@nss/rpc';
import type { NssClient } from '../client.ts';

/** The content of an artifact. Throws NssError. */
export async function readArtifact(
  client: Pick<NssClient, 'campaigns'>,
  name: string,
  signal: AbortSignal,
): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const { data } of client.campaigns.readArtifact({ name }, { signal })) chunks.push(data);
  return Buffer.concat(chunks);
}

/**
 * Writes the artifacts of a campaign into a folder, which is made if need be; files of the same names are replaced, each whole
 * or not at all. Gives the file names. Throws NssError and file system errors.
 */
export async function downloadArtifacts(
  client: Pick<NssClient, 'campaigns'>,
  { artifacts }: Campaign,
  folder: string,
  signal?: AbortSignal,
): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const files: string[] = [];
  for (const name of artifacts) {
    // The parser lets no path through, only plain file names.
    const { file } = parseArtifactName(name);
    const part = join(folder, `.${file}.part`);
    try {
      const chunks = client.campaigns.readArtifact({ name }, { signal });
      const bytes = Readable.from(chunks, { objectMode: true }).map(({ data }: { data: Uint8Array }) => data);
      await pipeline(bytes, createWriteStream(part), { signal });
      await rename(part, join(folder, file));
    } catch (error) {
      await rm(part, { force: true });
      throw error;
    }
    files.push(file);
  }
  return files;
}
