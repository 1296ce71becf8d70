import { defaultStateDir, readMesh, runPlatformAdapter } from '@nss/launcher';
import { CommandError, type Context, Interrupted } from '../cli/context.ts';
import { type MeshOptions, stateDirOf } from './mesh-connection.ts';

/** `nss platform-adapter`: serves Katib and Vizier beside the mesh of this machine, until Ctrl-C. */
export async function servePlatforms(
  options: Pick<MeshOptions, 'stateDir'> & { readonly listen: string },
  context: Context,
): Promise<void> {
  const { terminal, env, signal } = context;
  const mesh = readMesh(stateDirOf(options, context) ?? defaultStateDir(env));
  if (!mesh?.ready) throw new CommandError('no mesh serves on this machine', { hint: 'Start one with: nss up' });
  terminal.note(`Katib and Vizier are served at ${options.listen}. Ctrl-C ends it.`);
  const code = await runPlatformAdapter({
    spaceController: mesh.addresses.spaceController,
    listen: options.listen,
    env,
    signal,
  });
  if (code === undefined) throw new Interrupted();
  throw new CommandError(`the platform-adapter ended by itself, with exit code ${code}`);
}
