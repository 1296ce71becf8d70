// The process behind `nss up`: owns a mesh until it is told to stop. Its argument is MeshSettings as JSON.
import { createLogger } from '@nss/runtime';
import type { SupervisorMessage } from './detached.ts';
import { type Mesh, type MeshSettings, startMesh } from './mesh.ts';

const logger = createLogger('supervisor');
const settings = JSON.parse(process.argv[2]) as MeshSettings;
const giveUp = new AbortController();
let mesh: Mesh | undefined;

/** Whoever launched this may have gone: the mesh goes on without. */
function tell(message: SupervisorMessage, told = () => {}): void {
  if (process.connected) process.send?.(message, undefined, {}, told);
}

async function stop(signal: NodeJS.Signals): Promise<void> {
  logger.info({ signal }, 'stopping the mesh');
  giveUp.abort();
  if (mesh === undefined) return;
  await mesh.stop();
  logger.info('the mesh has stopped');
  process.exit(0);
}

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => void stop(signal));

try {
  mesh = await startMesh({
    ...settings,
    detached: true,
    logger,
    signal: giveUp.signal,
    onProgress: (progress) => tell({ type: 'progress', progress }),
  });
  logger.info({ natsUrl: mesh.natsUrl, addresses: mesh.addresses }, 'the mesh is ready');
  tell({ type: 'ready' });
} catch (error) {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  logger.error({ error }, 'the mesh could not be started');
  process.exitCode = 1;
  tell({ type: 'failed', name, message }, () => process.disconnect?.());
}
