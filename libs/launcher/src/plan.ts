import { join } from 'node:path';
import { checkoutCommit } from './directories.ts';
import type { MeshAddresses } from './mesh-file.ts';
import { serviceEnvironment, trainerEnvironment } from './process-environment.ts';
import type { ProcessSpec } from './supervise.ts';

/** What the processes of a mesh depend on. */
export type MeshPlan = {
  readonly stateDir: string;
  readonly cacheDir: string;
  /** Holds `<service>/src/main.ts`. */
  readonly servicesDir: string;
  readonly natsUrl: string;
  readonly addresses: MeshAddresses;
  readonly threadsPerTrainer: number;
  readonly env: Readonly<Record<string, string | undefined>>;
};

/** All of it is on 127.0.0.1 and belongs to one user, whatever this process is told for meshes elsewhere. */
export const plainText = {
  NSS_INSECURE: 'loopback',
  NSS_TLS_CA: undefined,
  NSS_TLS_CERT: undefined,
  NSS_TLS_KEY: undefined,
  NSS_TOKEN_KEYS: undefined,
};

/** The five services: one process of each, and a trainer for each address of `addresses.trainers`. */
export function planServices(plan: MeshPlan): ProcessSpec[] {
  const { addresses } = plan;
  const shared = {
    ...plainText,
    NSS_NATS_URL: plan.natsUrl,
    NSS_CACHE_DIR: plan.cacheDir,
    NSS_COMMIT: plan.env.NSS_COMMIT || checkoutCommit(),
    NSS_SPACE_CONTROLLER_ADDRESS: addresses.spaceController,
    NSS_FLOPS_ESTIMATOR_ADDRESS: addresses.flopsEstimator,
    NSS_EVALUATOR_ADDRESS: addresses.evaluator,
    NSS_NAS_RUNNER_ADDRESS: addresses.nasRunner,
  };
  const spec = (service: string, name: string, address: string, env: ProcessSpec['env']): ProcessSpec => ({
    name,
    command: process.execPath,
    args: [join(plan.servicesDir, service, 'src/main.ts')],
    env,
    logFile: join(plan.stateDir, 'logs', `${name}.log`),
    address,
  });
  const single = (service: string, address: string) =>
    spec(service, service, address, serviceEnvironment(plan.env, { ...shared, NSS_LISTEN: address }));
  return [
    single('flops-estimator', addresses.flopsEstimator),
    single('space-controller', addresses.spaceController),
    single('evaluator', addresses.evaluator),
    single('nas-runner', addresses.nasRunner),
    ...addresses.trainers.map((address, index) => {
      const settings = { ...shared, NSS_LISTEN: address, NSS_TRAINER_ID: `trainer-${index + 1}` };
      const env = trainerEnvironment(plan.env, settings, plan.threadsPerTrainer);
      return spec('supernet-trainer', `supernet-trainer-${index + 1}`, address, env);
    }),
  ];
}
