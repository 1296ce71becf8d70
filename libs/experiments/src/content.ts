import { createHash } from 'node:crypto';

/**
 * Version of what results mean. Raised when a change of this software makes stored results worth computing again; they are then not
 * found any more.
 */
const resultsVersion = 1;

/** A short id of something by its content: `<prefix>-<hash>`, the same whatever the order of keys. */
export function contentKey(prefix: string, content: unknown): string {
  const hash = createHash('sha256').update(canonicalJson({ resultsVersion, content })).digest('hex');
  return `${prefix}-${hash.slice(0, 16)}`;
}

/** JSON with keys in order and without what is undefined: equal values have equal texts. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, found: unknown) => {
    if (typeof found !== 'object' || found === null || Array.isArray(found)) return found;
    return Object.fromEntries(Object.entries(found).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
  });
}
