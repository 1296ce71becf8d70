/** A fault of the set-up that a person can do something about: the message says what happened and the ways out. */
export class SetupError extends Error {
  name = 'SetupError';
}

/** One plain line on standard error, so that standard output stays that of the program that is run. */
export function say(line) {
  process.stderr.write(`[setup] ${line}\n`);
}

/** Says what is being done, does it, and says how long it took. */
export async function step(what, action) {
  say(`${what} ...`);
  const start = performance.now();
  const result = await action();
  say(`  done in ${((performance.now() - start) / 1000).toFixed(1)} s`);
  return result;
}
