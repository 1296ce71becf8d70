export {
  launchMesh,
  MeshLaunchFailed,
  type MeshStatus,
  meshStatus,
  type ProcessStatus,
  stopMesh,
} from './detached.ts';
export { checkoutCommit, checkoutManifest, defaultCacheDir, defaultStateDir } from './directories.ts';
export { type DoctorLine, type DoctorOptions, doctor } from './doctor.ts';
export { waitUntilServing } from './health.ts';
export {
  type Mesh,
  type MeshOptions,
  type MeshProgress,
  type MeshSettings,
  MeshStartTimeout,
  startMesh,
} from './mesh.ts';
export { type MeshAddresses, MeshAlreadyRunning, type MeshFile, readMesh } from './mesh-file.ts';
export { findNatsServer, NatsServerNotFound } from './nats-server.ts';
export { type PlatformAdapterOptions, runPlatformAdapter } from './platform-adapter.ts';
export { trainerEnvironment } from './process-environment.ts';
export { type RestartPolicy, StartupFailure } from './supervise.ts';
