import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectNss, type NssClient } from '@nss/client';
import { type MeshSettings, startMesh } from '@nss/launcher';

/** Runs `use` with a mesh of this machine that nobody else uses; what it stored goes with it. */
export async function withMesh<T>(
  settings: Pick<MeshSettings, 'trainers' | 'threadsPerTrainer'>,
  use: (nss: NssClient) => Promise<T>,
): Promise<T> {
  const stateDir = await mkdtemp(join(tmpdir(), 'nss-bench-'));
  try {
    const mesh = await startMesh({ ...settings, stateDir });
    const { spaceController, flopsEstimator, evaluator, nasRunner } = mesh.addresses;
    const nss = connectNss({ address: spaceController, flopsEstimator, evaluator, nasRunner });
    try {
      return await use(nss);
    } finally {
      nss.close();
      await mesh.stop();
    }
  } finally {
    await rm(stateDir, { recursive: true });
  }
}
