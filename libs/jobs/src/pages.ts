import { invalidArgument } from '@nss/rpc';
import type { Job } from './kinds.ts';
import { statusOf } from './states.ts';

export type PageRequest = {
  /** 0 means 100, more than 1000 means 1000. */
  readonly pageSize?: number;
  /** `nextPageToken` of the page before; empty for the first page. */
  readonly pageToken?: string;
};

export type Page<R> = {
  readonly resources: R[];
  /** Empty on the last page. */
  readonly nextPageToken: string;
};

const DEFAULT_SIZE = 100;
const LARGEST_SIZE = 1000;

/**
 * A page of jobs, newest first. A token holds the place of the last job of its page, not a count: jobs that come and go
 * meanwhile neither repeat nor hide others. Throws INVALID_ARGUMENT.
 */
export function pageOf<R extends Job>(jobs: readonly R[], collection: string, request: PageRequest): Page<R> {
  const { pageToken = '' } = request;
  const size = pageSizeOf(request);
  const after = pageToken === '' ? undefined : placeOfToken(pageToken, collection);
  const sorted = jobs.map((job) => ({ job, place: placeOf(job) })).sort((a, b) => compare(a.place, b.place));
  const rest = after ? sorted.filter(({ place }) => compare(place, after) > 0) : sorted;
  const page = rest.slice(0, size);
  const nextPageToken = rest.length > size ? tokenOf(page[size - 1].place, collection) : '';
  return { resources: page.map(({ job }) => job), nextPageToken };
}

/** How many to list. Throws INVALID_ARGUMENT. */
export function pageSizeOf({ pageSize = 0 }: PageRequest): number {
  if (Number.isSafeInteger(pageSize) && pageSize >= 0) {
    return Math.min(pageSize === 0 ? DEFAULT_SIZE : pageSize, LARGEST_SIZE);
  }
  throw invalidArgument([
    { field: 'page_size', description: `expected 0 to ${LARGEST_SIZE}, found ${pageSize}; 0 means ${DEFAULT_SIZE}` },
  ]);
}

/** Where a job stands in the list. */
type Place = { readonly createdMs: number; readonly name: string };

function placeOf(job: Job): Place {
  return { createdMs: statusOf(job).createTime?.getTime() ?? 0, name: job.name };
}

function compare(a: Place, b: Place): number {
  if (a.createdMs !== b.createdMs) return b.createdMs - a.createdMs;
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

function tokenOf({ createdMs, name }: Place, collection: string): string {
  return Buffer.from(JSON.stringify([collection, createdMs, name])).toString('base64url');
}

function placeOfToken(token: string, collection: string): Place {
  try {
    const [found, createdMs, name] = JSON.parse(Buffer.from(token, 'base64url').toString());
    if (found === collection && Number.isFinite(createdMs) && typeof name === 'string') return { createdMs, name };
  } catch {
    // Answered below.
  }
  throw invalidArgument([
    { field: 'page_token', description: `expected the next_page_token of a list of ${collection}, or nothing` },
  ]);
}
