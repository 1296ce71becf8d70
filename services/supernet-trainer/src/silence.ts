/** Notices when somebody who owes an answer has said nothing for too long. */
export type SilenceAlarm = {
  /** Something was heard, or asked, and more is awaited: the time begins anew. */
  awaited(): void;
  /** Nothing is awaited. */
  settled(): void;
  /** How long the silence has lasted; 0 while nothing is awaited. */
  silentMs(): number;
};

/** @param onSilence called once `afterMs` have passed in silence while something is awaited. */
export function silenceAlarm(afterMs: number, onSilence: () => void): SilenceAlarm {
  let since: number | undefined;
  let timer: NodeJS.Timeout | undefined;
  const silentMs = () => (since === undefined ? 0 : performance.now() - since);
  const settled = () => {
    since = undefined;
    clearTimeout(timer);
  };
  return {
    silentMs,
    settled,
    awaited() {
      settled();
      since = performance.now();
      const asked = since;
      // A process that was stopped finds the timer first and only then what has come meanwhile.
      timer = setTimeout(() => setImmediate(() => since === asked && onSilence()), afterMs);
    },
  };
}
