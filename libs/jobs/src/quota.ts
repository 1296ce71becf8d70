import { parseStoredId, resourceExhausted } from '@nss/rpc';
import type { Jobs } from './jobs.ts';
import { type Job, snakeCase } from './kinds.ts';
import { isEnded, statusOf } from './states.ts';
import type { Storage } from './storage.ts';

/**
 * Throws RESOURCE_EXHAUSTED (QUOTA_EXCEEDED) if the tenant may not begin another job of this kind: it has as many campaigns as it may, or
 * has stored more than it may. Jobs of the same request are not counted: a retry is no other job. Two requests at one moment may both
 * find the last place free.
 */
export async function checkQuota<R extends Job>(jobs: Jobs<R>, tenant: string, requestId: string): Promise<void> {
  const { campaigns, storedBytes } = jobs.storage.quotas(tenant);
  const { collection } = jobs.kind;
  if (collection === 'campaigns' && campaigns !== undefined) {
    const running = await countUnfinished(jobs, requestId);
    if (running >= campaigns)
      throw exhausted(tenant, collection, `${running} of ${campaigns} ${collection} have not ended`);
  }
  if (storedBytes !== undefined) {
    const stored = await bytesOf(jobs.storage, tenant);
    if (stored > storedBytes) throw exhausted(tenant, 'storedBytes', `${stored} of ${storedBytes} bytes are stored`);
  }
}

function exhausted(tenant: string, what: string, description: string) {
  return resourceExhausted(`the quota of ${tenant} is used up: ${description}; wait, or delete jobs that have ended`, {
    reason: 'QUOTA_EXCEEDED',
    metadata: { quota: snakeCase(what) },
    quotaViolations: [{ subject: `tenant:${tenant}`, description }],
  });
}

async function countUnfinished<R extends Job>(jobs: Jobs<R>, requestId: string): Promise<number> {
  let count = 0;
  let pageToken = '';
  do {
    const { resources, nextPageToken } = await jobs.list({ pageSize: 1_000, pageToken });
    const others = resources.filter((job) => requestId === '' || statusOf(job).requestId !== requestId);
    count += others.filter((job) => !isEnded(job)).length;
    pageToken = nextPageToken;
  } while (pageToken !== '');
  return count;
}

/** Bytes of all that jobs of the tenant have stored, of every kind. */
async function bytesOf<R extends Job>({ artifacts, checkpoints }: Storage<R>, tenant: string): Promise<number> {
  const objects = [...(await artifacts.list()), ...(await checkpoints.list())];
  return objects.filter(({ name }) => ownerOf(name) === tenant).reduce((sum, { bytes }) => sum + bytes, 0);
}

/** The tenant of an object, `<collection>/<stored id>/...` or `saved-states/<collection>/<stored id>/...`. */
function ownerOf(name: string): string {
  const [, id] = name.replace(/^saved-states\//, '').split('/');
  return parseStoredId(id).tenant;
}
