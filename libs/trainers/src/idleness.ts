/** What to do when there has been no work for some time. */
export type WhenIdle = { readonly afterMs: number; readonly onIdle: () => void };

/** Told of the beginning and the end of every piece of work. */
export type Idleness = { busy(): void; idle(): void };

/** Calls `onIdle` whenever `afterMs` have passed without work, counted from now on and until `signal` is aborted. */
export function watchIdleness(when: WhenIdle | undefined, signal: AbortSignal): Idleness {
  let timer: NodeJS.Timeout | undefined;
  const busy = () => clearTimeout(timer);
  const idle = () => {
    busy();
    if (when && !signal.aborted) timer = setTimeout(when.onIdle, when.afterMs);
  };
  signal.addEventListener('abort', busy);
  idle();
  return { busy, idle };
}
