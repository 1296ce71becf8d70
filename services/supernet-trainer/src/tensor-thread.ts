import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Logger } from '@nss/runtime';
import type { CommandName, Commands, EngineFacts, WorkerMessage } from './commands.ts';
import type { WorkerOptions } from './tensor-worker.ts';

/** An error of the computing thread, with the name and code that its class had there. */
export class TensorThreadError extends Error {
  override readonly name = 'TensorThreadError';
  readonly errorName: string;
  readonly code: string | undefined;

  constructor(message: string, errorName: string, code?: string) {
    super(message);
    this.errorName = errorName;
    this.code = code;
  }
}

/** The thread that computes, seen from the service's main thread. */
export type TensorThread = {
  readonly engine: EngineFacts;
  /** Runs one command; commands run in the order of the calls. Rejects with TensorThreadError. */
  run<Name extends CommandName>(
    name: Name,
    argument: Commands[Name][0],
  ): Promise<{ value: Commands[Name][1]; busySeconds: number }>;
  /** Aborted when the thread has died; it does not come back. */
  readonly lost: AbortSignal;
  close(): Promise<void>;
};

/** Starts the thread and waits until its engine is open. Rejects when the engine cannot be opened. */
export async function startTensorThread(options: WorkerOptions, logger: Logger): Promise<TensorThread> {
  const worker = new Worker(new URL('./tensor-worker.ts', import.meta.url), { workerData: options });
  const lost = new AbortController();
  const waiting = new Map<number, PromiseWithResolvers<{ value: unknown; busySeconds: number }>>();
  const ready = Promise.withResolvers<EngineFacts>();
  let nextId = 0;

  const end = (reason: Error) => {
    lost.abort(reason);
    ready.reject(reason);
    for (const { reject } of waiting.values()) reject(reason);
    waiting.clear();
  };
  worker.on('error', (error) => end(error instanceof Error ? error : new Error(String(error))));
  worker.on('exit', (code) => end(new Error(`the computing thread ended with code ${code}`)));
  worker.on('message', (message: WorkerMessage) => {
    if (message.type === 'ready') return ready.resolve(message.engine);
    if (message.type === 'log') return logger.info(message.fields, message.message);
    const call = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.type === 'result') call?.resolve(message);
    else call?.reject(new TensorThreadError(message.message, message.errorName, message.code));
  });

  const engine = await ready.promise;
  return {
    engine,
    lost: lost.signal,
    run(name, argument) {
      if (lost.signal.aborted) return Promise.reject(lost.signal.reason);
      const call = Promise.withResolvers<{ value: unknown; busySeconds: number }>();
      const id = nextId++;
      waiting.set(id, call);
      worker.postMessage({ id, name, argument });
      return call.promise as Promise<never>;
    },
    async close() {
      worker.removeAllListeners('exit');
      const exited = once(worker, 'exit');
      await worker.terminate();
      await exited;
      end(new Error('the computing thread was closed'));
    },
  };
}
