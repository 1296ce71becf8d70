import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { JobState } from '@nss/contracts';
import { NssError } from '@nss/rpc';
import type { JobApis } from './job-apis.ts';
import { type JobKind, type Resources, type Specs, specTypes } from './kinds.ts';
import { hasEnded, type WatchOptions, watchToEnd } from './watch-to-end.ts';

/**
 * Sees a job of this id and spec through to its end and gives it as it ended, also when it failed. One that is there already is taken as
 * it is: finished it is given at once, running it is joined. One that failed or was cancelled before, or does something else
 * under this id, is deleted and made anew. A service that is away is waited for, as long as `signal` lets. Throws NssError.
 */
export async function runToEnd<Kind extends JobKind>(
  apis: JobApis,
  kind: Kind,
  id: string,
  spec: Specs[Kind],
  options: WatchOptions<Resources[Kind]>,
): Promise<Resources[Kind]> {
  const api = apis[kind];
  const toJson = (each: Specs[Kind] | undefined) => each && specTypes[kind].toJSON(each);
  const name = api.nameOf(id);
  const patiently = <T>(call: () => Promise<T>) => untilReached(call, options);
  for (;;) {
    const found = await patiently(() => undefinedIf('NOT_FOUND', api.get(name, options.signal)));
    if (!found) {
      const requestId = randomUUID();
      const created = await patiently(() =>
        undefinedIf('ALREADY_EXISTS', api.create(id, spec, requestId, options.signal)),
      );
      if (created) return watchToEnd(api, name, options);
      continue;
    }
    const state = found.status?.state;
    const isSame = isDeepStrictEqual(toJson(found.spec as Specs[Kind] | undefined), toJson(spec));
    if (isSame && state === JobState.SUCCEEDED) return found;
    if (isSame && (state === JobState.PENDING || state === JobState.RUNNING)) return watchToEnd(api, name, options);
    // What is in the way: it stops, if it has not, and makes room.
    if (!hasEnded(found.status)) {
      await patiently(() => api.cancel(name));
      await watchToEnd(api, name, { ...options, onChange: undefined });
    }
    await patiently(() => undefinedIf('NOT_FOUND', api.delete(name)));
  }
}

/** Repeats a call while the service cannot be reached. */
async function untilReached<T>(
  call: () => Promise<T>,
  { signal, reconnectMs = 1_000 }: Pick<WatchOptions<never>, 'signal' | 'reconnectMs'>,
): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      signal.throwIfAborted();
      if (!NssError.from(error).retryable) throw error;
    }
    await sleep(reconnectMs, undefined, { signal });
  }
}

async function undefinedIf<T>(code: string, call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof NssError && error.codeName === code) return undefined;
    throw error;
  }
}
