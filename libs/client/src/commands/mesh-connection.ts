import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import type { CheckedDatasetSpec } from '@nss/contracts';
import type { MeshFile } from '@nss/launcher';
import type { ClientOptions } from '@nss/rpc';
import { CommandError, type Context } from '../cli/context.ts';
import { connectNss, type MeshAddresses, type NssClient } from '../client.ts';
import { bar, liveBlock } from '../terminal/progress.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { prepareDataset } from './dataset.ts';
import { securityOf } from './mesh-security.ts';

/** Which mesh a command talks to. */
export type MeshOptions = {
  /** host:port of a space-controller, or of a gateway to all services. */
  readonly address?: string;
  /** State folder of a mesh on this machine. */
  readonly stateDir?: string;
  /** Trainer processes of a mesh that is started for the command; one a core unless told. */
  readonly trainers?: number;
};

export type Mesh = {
  /** Whether it runs for this command only. */
  readonly embedded: boolean;
};

/**
 * Connects to the running mesh: `--address`, else `NSS_ADDRESS`, else the mesh of this machine. Throws CommandError when there
 * is none.
 */
export async function withRunningMesh<T>(
  options: MeshOptions,
  context: Context,
  use: (client: NssClient) => Promise<T>,
): Promise<T> {
  const mesh = await findMesh(options, context);
  if (!mesh) {
    throw new CommandError('no mesh is running on this machine', {
      hint: 'Start one with: nss up\nOr name one elsewhere: --address HOST:PORT, or NSS_ADDRESS',
    });
  }
  return withClient(mesh, use);
}

/**
 * The same, but starts a mesh for the time of `use` where none runs; data sets are then fetched first, in sight, not later by a
 * trainer.
 */
export async function withMesh<T>(
  options: MeshOptions,
  { datasets }: { readonly datasets: readonly CheckedDatasetSpec[] },
  context: Context,
  use: (client: NssClient, mesh: Mesh) => Promise<T>,
): Promise<T> {
  const running = await findMesh(options, context);
  if (running) {
    if (running.stopsWith !== undefined) {
      context.terminal.note(
        `This uses a mesh that stops with the command that started it (process ${running.stopsWith}); for one that stays: nss up`,
      );
    }
    return withClient(running, (client) => use(client, { embedded: false }));
  }

  for (const dataset of datasets) await prepareDataset(dataset, context);
  const { startMesh } = await import('@nss/launcher');
  const progress = startProgress(context.terminal);
  const mesh = await startMesh({
    stateDir: stateDirOf(options, context),
    trainers: options.trainers,
    onProgress: progress.update,
    signal: context.signal,
  }).finally(progress.end);
  try {
    return await withClient({ addresses: toClientAddresses(mesh.addresses) }, (client) =>
      use(client, { embedded: true }),
    );
  } finally {
    const block = liveBlock(context.terminal);
    block.show([context.terminal.noteStyle('dim', 'Stopping the mesh')]);
    await mesh.stop();
    block.clear();
  }
}

/** Shows how many processes of a mesh are ready. */
export function startProgress(terminal: Terminal) {
  const block = liveBlock(terminal);
  const title = 'Starting the mesh';
  if (!terminal.interactive) terminal.note(`${title}: NATS and five services`);
  return {
    update({ name, ready, total }: { name: string; ready: number; total: number }): void {
      block.show([
        `${title}  ${bar(ready / total)}  ${ready}/${total}  ${terminal.noteStyle('dim', `${name} is ready`)}`,
      ]);
    },
    end: () => block.clear(),
  };
}

/** The state folder that an option names, or undefined for the launcher's default. */
export function stateDirOf({ stateDir }: MeshOptions, { cwd }: Context): string | undefined {
  return stateDir === undefined ? undefined : resolve(cwd, stateDir);
}

/** Trainers of the mesh that a command would use: those of the mesh on this machine where that is it, else one a core. */
export async function trainersOf(options: MeshOptions, context: Context): Promise<number> {
  const { defaultStateDir, readMesh } = await import('@nss/launcher');
  const elsewhere = options.address ?? context.env.NSS_ADDRESS;
  const mesh = elsewhere ? undefined : readMesh(stateDirOf(options, context) ?? defaultStateDir(context.env));
  return mesh?.addresses.trainers.length || availableParallelism();
}

/** Where a mesh is, and how it is talked to: within this machine, in plain text. */
type FoundMesh = {
  readonly addresses: MeshAddresses;
  readonly security?: Pick<ClientOptions, 'tls' | 'token'>;
  /** Process id of the command that it stops with. */
  readonly stopsWith?: number;
};

async function findMesh(options: MeshOptions, context: Context): Promise<FoundMesh | undefined> {
  const address = options.address ?? (context.env.NSS_ADDRESS || undefined);
  if (address) return { addresses: { address }, security: securityOf(address, context.env) };
  const { defaultStateDir, readMesh } = await import('@nss/launcher');
  const mesh = readMesh(stateDirOf(options, context) ?? defaultStateDir(context.env));
  if (mesh && !mesh.ready) {
    throw new CommandError(`the mesh on this machine (process ${mesh.pid}) is still starting`, {
      hint: 'Try again in a moment; nss status says how far it is',
    });
  }
  return (
    mesh && {
      addresses: toClientAddresses(mesh.addresses),
      stopsWith: mesh.detached ? undefined : mesh.pid,
    }
  );
}

function toClientAddresses(addresses: MeshFile['addresses']): MeshAddresses {
  const { spaceController, flopsEstimator, evaluator, nasRunner } = addresses;
  return { address: spaceController, flopsEstimator, evaluator, nasRunner };
}

async function withClient<T>({ addresses, security }: FoundMesh, use: (client: NssClient) => Promise<T>): Promise<T> {
  const client = connectNss(addresses, security);
  try {
    return await use(client);
  } finally {
    client.close();
  }
}
