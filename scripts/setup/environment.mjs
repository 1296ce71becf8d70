import { delimiter, dirname, join } from 'node:path';

/**
 * Settings of glibc's allocator, read when a process starts. A training step allocates and frees activations of many
 * megabytes; with the default settings each goes to the kernel and back and is faulted in page by page, which costs
 * more than half of the speed. `libs/launcher/src/process-environment.ts` gives trainers the same.
 */
const allocatorSettings = {
  MALLOC_MMAP_THRESHOLD_: String(4 * 2 ** 30),
  MALLOC_TRIM_THRESHOLD_: String(16 * 2 ** 30),
  MALLOC_TOP_PAD_: String(64 * 2 ** 20),
};

/**
 * The environment of the program that is run. What the caller has set wins, except for the results of the set-up.
 *
 * @param {NodeJS.ProcessEnv} env the caller's environment
 * @param {{cache: string, node: {executable: string}, natsServer?: string,
 *   engine?: {name: string, libraryPath: string[]}}} found
 */
export function processEnvironment(env, { cache, node, natsServer, engine }) {
  const result = {
    ...allocatorSettings,
    // TensorFlow's start-up messages (which instructions the CPU has) are for its developers.
    TF_CPP_MIN_LOG_LEVEL: '2',
    NSS_CACHE_DIR: cache,
    // More than halves the start of a process: six and more of them make a mesh.
    NODE_COMPILE_CACHE: join(cache, 'node-compile-cache'),
    ...env,
    // `node` means the pinned one for everything that is started below.
    PATH: [dirname(node.executable), env.PATH].filter(Boolean).join(delimiter),
  };
  if (natsServer !== undefined) {
    result.NSS_NATS_SERVER = natsServer;
    result.NATS_SERVER = natsServer;
  }
  // Not `tensorflow`: that is the user's word for "or fail".
  if (engine?.name === 'wasm') result.NSS_ENGINE = 'wasm';
  if (engine !== undefined && engine.libraryPath.length > 0) {
    result.LD_LIBRARY_PATH = [...engine.libraryPath, env.LD_LIBRARY_PATH].filter(Boolean).join(delimiter);
  }
  return result;
}
