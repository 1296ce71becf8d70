import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type ExportedSpace, exportSpace, type SpaceFormat, spaceFormatNames } from '@nss/exports';
import { formatMultiplyAdds } from '@nss/space';
import { type Context, UsageError } from '../cli/context.ts';
import { eliteSpaceOf } from './elite-space.ts';
import { type MeshOptions, withRunningMesh } from './mesh-connection.ts';
import { costFrame, readSpace, type SpaceOptions } from './search-space.ts';

type Options = SpaceOptions & MeshOptions & { readonly format: string; readonly seed?: number; readonly out?: string };

/** `nss space export SPACE`: a space, written out or a campaign's, in the form of another tool. */
export async function exportSpaceFile(text: string, options: Options, context: Context): Promise<void> {
  const format = spaceFormatNames.find((name) => name === options.format);
  if (!format) {
    throw new UsageError(`there is no format "${options.format}"; use ${spaceFormatNames.join(', ')}`);
  }
  const exported = text.startsWith('campaigns/')
    ? await eliteOf(text, options, context)
    : writtenOut(text, options, context);
  await write(exportSpace(exported, format satisfies SpaceFormat), options.out, context);
}

function writtenOut(text: string, options: Options, context: Context): ExportedSpace {
  const frame = costFrame(options);
  const { space: searchSpace, input, target } = frame;
  return { space: readSpace(text, frame, context), searchSpace, input, targetMultiplyAdds: target };
}

function eliteOf(name: string, options: Options, context: Context): Promise<ExportedSpace> {
  return withRunningMesh(options, context, async (client) => {
    const campaign = await client.campaigns.getCampaign({ name }, { signal: context.signal });
    const { elite, space, searchSpace, input } = eliteSpaceOf(campaign, options);
    const { targetMultiplyAdds, seed } = elite;
    const source = `${name}, ${formatMultiplyAdds(targetMultiplyAdds)}, seed ${seed}`;
    return { space, searchSpace, input, targetMultiplyAdds, source };
  });
}

async function write(content: string, out: string | undefined, { cwd, terminal }: Context): Promise<void> {
  if (out === undefined) {
    terminal.print(content.trimEnd());
    return;
  }
  await writeFile(resolve(cwd, out), content);
  terminal.note(`Wrote ${out}`);
}
