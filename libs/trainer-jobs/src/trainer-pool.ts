import type { RunningJob } from '@nss/jobs';
import type { Trainer, TrainerPool } from '@nss/search';
import { TrainerLost, withTrainerRetry } from '@nss/trainers';
import { endUses, needsOf, recordUse, type Session, showWaiting, untilWeightsLast } from './session.ts';
import type { JobResource, TrainerTools } from './tools.ts';

/**
 * Asks for `size` trainers and runs `use` with a pool of those that come; it begins with the first one. Work whose trainer is lost goes to
 * another one. As with `withTrainer`, weights of the job's own that are lost are made again from the beginning, and the job's status
 * tells who worked for it. Everything ends at once when `job.signal` is aborted.
 */
export async function withTrainerPool<T>(
  job: RunningJob<JobResource>,
  tools: TrainerTools,
  session: Session,
  size: number,
  use: (pool: TrainerPool) => Promise<T>,
): Promise<T> {
  showWaiting(job);
  await endUses(job);
  return untilWeightsLast(job, async () => {
    const over = new AbortController();
    const signal = AbortSignal.any([job.signal, over.signal]);
    const { pool, serve } = taskQueue(signal);
    const needs = { ...needsOf(job, tools, session), signal };
    const members = Array.from({ length: size }, async (_, number) => {
      const leaveSlot = await job.trainerSlot(number, signal);
      try {
        await withTrainerRetry(needs, (trainer) => recordUse(job, trainer.info, () => serve(trainer)));
      } finally {
        await leaveSlot();
      }
    });
    const using = use(pool);
    try {
      // Members work until they are told to stop: one that ends has failed, and the job with it.
      await Promise.race([using, Promise.all(members)]);
    } finally {
      over.abort(new Error('the work of the pool is done'));
      await Promise.allSettled([using, ...members]);
    }
    return using;
  });
}

type Task = {
  readonly work: (trainer: Trainer) => Promise<unknown>;
  readonly signal: AbortSignal;
  readonly done: PromiseWithResolvers<unknown>;
};

/** Work for whichever trainer is free, until `over` is aborted: `serve` does it with one trainer, and throws when that can do no more. */
function taskQueue(over: AbortSignal): { pool: TrainerPool; serve(trainer: Trainer): Promise<never> } {
  const waiting: Task[] = [];
  let changed = Promise.withResolvers<void>();
  const tellChange = () => {
    changed.resolve();
    changed = Promise.withResolvers();
  };
  over.addEventListener('abort', tellChange);

  const take = async (): Promise<Task> => {
    for (;;) {
      over.throwIfAborted();
      const task = waiting.shift();
      if (!task) await changed.promise;
      else if (!task.signal.aborted) return task;
    }
  };
  const tryTask = async (task: Task, trainer: Trainer): Promise<void> => {
    try {
      task.done.resolve(await task.work(trainer));
    } catch (error) {
      over.throwIfAborted();
      // Given up between two commands: the session is as good as before.
      if (task.signal.aborted && error === task.signal.reason) return;
      // An answer to what was given up, for example that the weights are gone by now, ended the session and says nothing of the job.
      if (task.signal.aborted) throw new TrainerLost('the session has ended', error);
      if (error instanceof TrainerLost) {
        waiting.unshift(task);
        tellChange();
      }
      throw error;
    }
  };

  return {
    pool: {
      async run<T>(work: (trainer: Trainer) => Promise<T>, signal: AbortSignal): Promise<T> {
        const task: Task = { work, signal: AbortSignal.any([signal, over]), done: Promise.withResolvers() };
        const giveUp = () => task.done.reject(task.signal.reason);
        task.signal.addEventListener('abort', giveUp);
        if (task.signal.aborted) giveUp();
        waiting.push(task);
        tellChange();
        try {
          return (await task.done.promise) as T;
        } finally {
          task.signal.removeEventListener('abort', giveUp);
        }
      },
    },
    async serve(trainer) {
      for (;;) await tryTask(await take(), trainer);
    },
  };
}
