import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Mesh, startMesh } from '@nss/launcher';

/** How a mesh for chaos differs from one for work: everything is lost and taken over sooner, so that much happens in little time. */
const ENVIRONMENT = {
  NSS_LOG_LEVEL: 'info',
  NSS_ACK_WAIT_SECONDS: '3',
  // By iterations, not by time: how much a crash costs does not depend on how fast the machine is.
  NSS_CHECKPOINT_SECONDS: '86400',
  NSS_CHECKPOINT_STEPS: '10',
};

const services = join(import.meta.dirname, '../../services');
const analyticTrainer = join(import.meta.dirname, 'analytic-trainer-main.ts');

export type ChaosMesh = Mesh;

/**
 * The embedded mesh as users run it, with its supervisor, its real NATS and its real services, in a folder of its own. Trainers
 * compute formulas unless `realTrainers`.
 */
export async function startChaosMesh(folder: string, { realTrainers }: { realTrainers: boolean }): Promise<ChaosMesh> {
  const servicesDir = join(folder, 'services');
  for (const name of ['space-controller', 'flops-estimator', 'evaluator', 'nas-runner', 'supernet-trainer']) {
    const main = name === 'supernet-trainer' && !realTrainers ? analyticTrainer : join(services, name, 'src/main.ts');
    mkdirSync(join(servicesDir, name, 'src'), { recursive: true });
    writeFileSync(join(servicesDir, name, 'src/main.ts'), `import ${JSON.stringify(main)};\n`);
  }
  Object.assign(process.env, ENVIRONMENT);
  return startMesh({
    stateDir: join(folder, 'state'),
    servicesDir,
    trainers: 2,
    stopGraceMs: 25_000,
    restartPolicy: { firstMs: 100, maxMs: 400, recoveredAfterMs: 2_000 },
  });
}
