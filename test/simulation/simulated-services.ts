import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const services = join(import.meta.dirname, '../../services');
const analyticTrainers = join(import.meta.dirname, 'analytic-trainers-main.ts');

/** Makes the folder of services of an embedded mesh whose trainers compute formulas; all others are the real ones. Gives its path. */
export function simulatedServices(folder: string): string {
  const servicesDir = join(folder, 'services');
  for (const name of ['space-controller', 'flops-estimator', 'evaluator', 'nas-runner', 'supernet-trainer']) {
    const main = name === 'supernet-trainer' ? analyticTrainers : join(services, name, 'src/main.ts');
    mkdirSync(join(servicesDir, name, 'src'), { recursive: true });
    writeFileSync(join(servicesDir, name, 'src/main.ts'), `import ${JSON.stringify(main)};\n`);
  }
  return servicesDir;
}
