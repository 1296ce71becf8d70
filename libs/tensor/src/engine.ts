import { createRequire } from 'node:module';
import util from 'node:util';
import type { Kernels } from './kernels.ts';
import { nativeKernels } from './native-kernels.ts';
import { portableKernels } from './portable-kernels.ts';

/** What computes, and how to reach it. */
export type Engine = {
  /** `tensorflow` (native, with or without GPU) or `wasm`. */
  readonly kind: EngineKind;
  readonly version: string;
  /** Threads of one operation. */
  readonly threads: number;
  readonly device: 'cpu' | 'gpu';
  /** For people: what is in use, and what that costs when it is not the best. */
  readonly description: string;
  readonly warning?: string;
  readonly kernels: Kernels;
};

export type EngineKind = 'tensorflow' | 'wasm';

export type EngineOptions = {
  /** Forces one engine; default: the native one, else WebAssembly. */
  readonly kind?: EngineKind;
  /**
   * Threads of one operation. TensorFlow reads TF_NUM_INTRAOP_THREADS and OMP_NUM_THREADS when the process starts, so
   * here the number is only reported for it.
   */
  readonly threads: number;
};

/** Opens the best engine that this machine has. Call it once a process. Throws when the forced engine is not there. */
export async function openEngine({ kind, threads }: EngineOptions): Promise<Engine> {
  if (kind === 'wasm') return openWasm(threads);
  try {
    return openTensorflow(threads);
  } catch (error) {
    if (kind === 'tensorflow') throw error;
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    return openWasm(threads, `TensorFlow's native library is not usable (${reason}).`);
  }
}

function openTensorflow(threads: number): Engine {
  // tfjs 4.22 still calls a function that Node 23 removed.
  const legacy = util as unknown as { isNullOrUndefined?: (value: unknown) => boolean };
  legacy.isNullOrUndefined ??= (value) => value === null || value === undefined;
  const require = createRequire(import.meta.url);
  const tfjs = require(tfjsPackage(require)) as typeof import('@tensorflow/tfjs-node');
  const { binding, isUsingGpuDevice } = tfjs.findBackend(
    'tensorflow',
  ) as import('@tensorflow/tfjs-node/dist/nodejs_kernel_backend.d.ts').NodeJSKernelBackend;
  const device = isUsingGpuDevice ? 'gpu' : 'cpu';
  return {
    kind: 'tensorflow',
    version: binding.TF_Version,
    threads,
    device,
    description: `TensorFlow ${binding.TF_Version}, ${device.toUpperCase()}, ${counted(threads)}`,
    kernels: nativeKernels(binding, device),
  };
}

/** tfjs-node-gpu where it is installed, else tfjs-node. */
function tfjsPackage(require: NodeJS.Require): string {
  for (const name of ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node']) {
    try {
      require.resolve(name);
      return name;
    } catch {
      // Not installed: try the next.
    }
  }
  throw new Error('@tensorflow/tfjs-node is not installed');
}

async function openWasm(threads: number, reason = ''): Promise<Engine> {
  const tf = await import('@tensorflow/tfjs-core');
  const wasm = await import('@tensorflow/tfjs-backend-wasm');
  wasm.setThreadsCount(threads);
  await tf.setBackend('wasm');
  await tf.ready();
  return {
    kind: 'wasm',
    version: wasm.version_wasm,
    threads,
    device: 'cpu',
    description: `TensorFlow.js WebAssembly ${wasm.version_wasm}, ${counted(threads)}`,
    warning: `${reason} Computing with WebAssembly, several times slower than TensorFlow's native library.`.trim(),
    kernels: portableKernels(),
  };
}

const counted = (threads: number) => `${threads} thread${threads === 1 ? '' : 's'}`;
