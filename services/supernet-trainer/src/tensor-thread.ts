import { Worker } from 'node:worker_threads';
import type { Logger } from '@nss/runtime';
import type { CommandName, Commands, EngineFacts, WorkerMessage } from './commands.ts';
import { trainerMetrics } from './metrics.ts';
import { silenceAlarm } from './silence.ts';
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
  /** How long the thread has been silent while a command waits for it; 0 when none does. */
  silentMs(): number;
  /** Aborted when the thread has died or hangs; it does not come back. */
  readonly lost: AbortSignal;
  close(): Promise<void>;
};

/**
 * Starts the thread and waits until its engine is open. Rejects when the engine cannot be opened.
 *
 * @param silenceMs the thread is lost when it says nothing for so long while a command waits for it.
 */
export async function startTensorThread(
  options: WorkerOptions,
  { logger, silenceMs }: { logger: Logger; silenceMs: number },
): Promise<TensorThread> {
  const worker = new Worker(new URL('./tensor-worker.ts', import.meta.url), { workerData: options });
  const lost = new AbortController();
  const waiting = new Map<number, { name: CommandName; call: PromiseWithResolvers<Result> }>();
  const ready = Promise.withResolvers<EngineFacts>();
  let nextId = 0;

  const end = (reason: Error) => {
    silence.settled();
    lost.abort(reason);
    ready.reject(reason);
    for (const { call } of waiting.values()) call.reject(reason);
    waiting.clear();
  };
  // process.exit() waits for every thread, and one that hangs in native code never ends.
  const killAtExit = () => {
    if (waiting.size > 0 || lost.signal.aborted) process.kill(process.pid, 'SIGKILL');
  };
  process.once('exit', killAtExit);
  const ends = () => process.off('exit', killAtExit);
  worker.once('error', ends).once('exit', ends);
  const silence = silenceAlarm(silenceMs, () => {
    const [{ name }] = waiting.values();
    end(new Error(`the computing thread hangs: ${name} has said nothing for ${silenceMs / 1_000} s`));
  });
  worker.on('error', (error) => end(error instanceof Error ? error : new Error(String(error))));
  worker.on('exit', (code) => end(new Error(`the computing thread ended with code ${code}`)));
  worker.on('message', (message: WorkerMessage) => {
    if (message.type === 'ready') return ready.resolve(message.engine);
    if (message.type === 'log') logger.info(message.fields, message.message);
    if (message.type === 'result' || message.type === 'error') answer(message);
    if (waiting.size > 0) silence.awaited();
    else silence.settled();
  });
  const answer = (message: Extract<WorkerMessage, { id: number }>) => {
    const call = waiting.get(message.id)?.call;
    waiting.delete(message.id);
    if (message.type === 'result') {
      trainerMetrics.feeding.add(message.feedingSeconds);
      call?.resolve(message);
    } else call?.reject(new TensorThreadError(message.message, message.errorName, message.code));
  };

  const engine = await ready.promise;
  return {
    engine,
    lost: lost.signal,
    silentMs: silence.silentMs,
    run(name, argument) {
      if (lost.signal.aborted) return Promise.reject(lost.signal.reason);
      const call = Promise.withResolvers<Result>();
      const id = nextId++;
      if (waiting.size === 0) silence.awaited();
      waiting.set(id, { name, call });
      worker.postMessage({ id, name, argument });
      return call.promise as Promise<never>;
    },
    async close() {
      end(new Error('the computing thread was closed'));
      await worker.terminate();
    },
  };
}

type Result = { value: unknown; busySeconds: number };
