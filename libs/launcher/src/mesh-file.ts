import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { endProcesses, isAlive } from './process-identity.ts';

const identitySchema = z.object({ pid: z.int().positive(), startTime: z.string() });

const meshFileSchema = z.object({
  /** Who owns the mesh: the process that started it and restarts its services. */
  ...identitySchema.shape,
  /** False while services are still starting. */
  ready: z.boolean(),
  /** Whether it runs until `nss down`; else it stops with the command that started it. */
  detached: z.boolean(),
  /** Version of the checkout that runs. */
  version: z.string(),
  /** ISO 8601. */
  startedAt: z.string(),
  natsUrl: z.string(),
  /** host:port of each service's gRPC server. */
  addresses: z.object({
    spaceController: z.string(),
    flopsEstimator: z.string(),
    evaluator: z.string(),
    nasRunner: z.string(),
    trainers: z.array(z.string()),
  }),
  processes: z.array(
    z.object({
      name: z.string(),
      ...identitySchema.shape,
      startedAt: z.string(),
      restarts: z.int(),
      address: z.string().optional(),
      logFile: z.string(),
    }),
  ),
});

/** What `mesh.json` in the state directory says about the mesh that runs there. */
export type MeshFile = Readonly<z.infer<typeof meshFileSchema>>;

export type MeshAddresses = MeshFile['addresses'];

/** There is a mesh in the state directory already. */
export class MeshAlreadyRunning extends Error {
  override readonly name = 'MeshAlreadyRunning';
  readonly mesh: MeshFile;

  constructor(stateDir: string, mesh: MeshFile) {
    super(
      `a mesh is already running in ${stateDir} (process ${mesh.pid}, since ${mesh.startedAt}). Use it, stop it with ` +
        '`nss down`, or give this one another state directory (XDG_STATE_HOME).',
    );
    this.mesh = mesh;
  }
}

/** The mesh that runs in a state directory; undefined when there is none, or only the file of one that has died. */
export function readMesh(stateDir: string): MeshFile | undefined {
  const mesh = readMeshFile(stateDir);
  return mesh !== undefined && isAlive(mesh) ? mesh : undefined;
}

/**
 * Takes the state directory for a new mesh. What a dead mesh has left running there is ended first: its NATS server holds
 * the store.
 *
 * @throws MeshAlreadyRunning when a live one has it
 */
export async function claimStateDir(stateDir: string, mesh: MeshFile): Promise<void> {
  mkdirSync(stateDir, { recursive: true });
  const draft = writeDraft(stateDir, mesh);
  try {
    while (!tryLink(draft, meshFilePath(stateDir))) {
      const running = readMesh(stateDir);
      if (running !== undefined) throw new MeshAlreadyRunning(stateDir, running);
      await clearStaleMesh(stateDir);
    }
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Ends what a mesh whose owner has died left running, and forgets it. Returns whether there was one. */
export async function clearStaleMesh(stateDir: string, graceMs = 10_000): Promise<boolean> {
  const left = readMeshFile(stateDir);
  if (left !== undefined) {
    if (isAlive(left)) return false;
    await endProcesses(left.processes, graceMs);
  }
  // Meanwhile somebody else may have cleared it and started anew.
  if (readMesh(stateDir) === undefined) removeMeshFile(stateDir);
  return left !== undefined;
}

/** Replaces the file of a mesh that has been claimed; readers see the old one or the new one. */
export function writeMeshFile(stateDir: string, mesh: MeshFile): void {
  renameSync(writeDraft(stateDir, mesh), meshFilePath(stateDir));
}

export function removeMeshFile(stateDir: string): void {
  rmSync(meshFilePath(stateDir), { force: true });
}

function meshFilePath(stateDir: string): string {
  return join(stateDir, 'mesh.json');
}

/** A file that cannot be read as one of ours (half-written by a full disk, from another version) counts as none. */
function readMeshFile(stateDir: string): MeshFile | undefined {
  try {
    return meshFileSchema.parse(JSON.parse(readFileSync(meshFilePath(stateDir), 'utf8')));
  } catch {
    return undefined;
  }
}

function writeDraft(stateDir: string, mesh: MeshFile): string {
  const draft = join(stateDir, `mesh.json.${process.pid}`);
  writeFileSync(draft, `${JSON.stringify(mesh, null, 2)}\n`);
  return draft;
}

/** A hard link is made only where there is no file yet: of two that start at once, one gets the name. */
function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}
