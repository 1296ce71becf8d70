import { createHash } from 'node:crypto';
import type { JobKind } from '@nss/job-apis';

/**
 * Version of what a job of each kind computes. A key knows the settings, not the code: whoever changes what a kind of job makes of the
 * same settings raises its version, and stored results of it, and of jobs that need it, are not found any more.
 *
 * - search, nas: 2 since lambda grows over all theta steps. Not raised when theta was kept from bins that the target rules out: results of
 *   searches that had not preferred one are the same, bit for bit, and no release had made others.
 */
const resultsVersions: Readonly<Record<JobKind, number>> = {
  warmup: 1,
  search: 2,
  superNetwork: 1,
  evaluation: 1,
  nas: 2,
  training: 1,
};

/** A short id of a job by the content of its spec: `<kind>-<hash>`, the same whatever the order of keys. */
export function contentKey(kind: JobKind, spec: unknown): string {
  const content = { kind, spec };
  const hash = createHash('sha256')
    .update(canonicalJson({ resultsVersion: resultsVersions[kind], content }))
    .digest('hex');
  return `${kind === 'superNetwork' ? 'super-network' : kind}-${hash.slice(0, 16)}`;
}

/** JSON with keys in order and without what is undefined: equal values have equal texts. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, found: unknown) => {
    if (typeof found !== 'object' || found === null || Array.isArray(found)) return found;
    return Object.fromEntries(Object.entries(found).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
  });
}
