import { join } from 'node:path';
import { type Mesh, startMesh } from '@nss/launcher';
import { simulatedServices } from '../simulation/simulated-services.ts';

/** How a mesh for chaos differs from one for work: everything is lost and taken over sooner, so that much happens in little time. */
const ENVIRONMENT = {
  NSS_LOG_LEVEL: 'info',
  NSS_ACK_WAIT_SECONDS: '3',
  // By iterations, not by time: how much a crash costs does not depend on how fast the machine is.
  NSS_CHECKPOINT_SECONDS: '86400',
  NSS_CHECKPOINT_STEPS: '10',
};

export type ChaosMesh = Mesh;

/**
 * The embedded mesh as users run it, with its supervisor, its real NATS and its real services, in a folder of its own. Trainers
 * compute formulas unless `realTrainers`.
 */
export async function startChaosMesh(folder: string, { realTrainers }: { realTrainers: boolean }): Promise<ChaosMesh> {
  Object.assign(process.env, ENVIRONMENT);
  return startMesh({
    stateDir: join(folder, 'state'),
    servicesDir: realTrainers ? undefined : simulatedServices(folder),
    trainers: 2,
    stopGraceMs: 25_000,
    restartPolicy: { firstMs: 100, maxMs: 400, recoveredAfterMs: 2_000 },
  });
}
