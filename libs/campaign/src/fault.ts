import type { z } from 'zod';

/** Where a value stands: keys and indices from the root. */
export type Path = readonly (string | number)[];

/** One thing that is wrong: where, and what was expected and found there. */
export type Fault = { readonly path: Path; readonly description: string };

/** Writes a path as people do: `overrides.searchSpace.stages[1].depth`. */
export function formatPath(path: Path): string {
  return path.reduce<string>(
    (text, part) => text + (typeof part === 'number' ? `[${part}]` : text ? `.${part}` : part),
    '',
  );
}

/** Everything that a schema found wrong; `at` is the path of the value it checked. One fault a path. */
export function faultsOf(error: z.ZodError, at: Path): Fault[] {
  const faults = error.issues.flatMap((issue): Fault[] => {
    const path = [...at, ...issue.path.filter((part) => typeof part !== 'symbol')];
    if (issue.code !== 'unrecognized_keys') return [{ path, description: issue.message }];
    // The schema's text has one line a key (see `section`).
    const lines = issue.message.split('\n');
    return issue.keys.map((key, i) => ({ path: [...path, key], description: lines[i] }));
  });
  return faults.filter(({ path }, i) => faults.findIndex((other) => samePath(other.path, path)) === i);
}

/** Whether `inner` is at or below `outer`. */
export function isWithin(outer: Path, inner: Path): boolean {
  return outer.length <= inner.length && outer.every((part, i) => part === inner[i]);
}

const samePath = (a: Path, b: Path) => a.length === b.length && isWithin(a, b);
