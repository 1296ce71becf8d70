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

/** Where a job stands in the list: newest first, those of one time by name. */
export type Place = { readonly createdMs: number; readonly name: string };

/**
 * A page of the places, which are in order. A token holds the last place of its page, not a count: jobs that come and go
 * meanwhile neither repeat nor hide others. Throws INVALID_ARGUMENT.
 */
export function pageOf(
  places: readonly Place[],
  collection: string,
  request: PageRequest,
): { places: readonly Place[]; nextPageToken: string } {
  const { pageToken = '' } = request;
  const size = pageSizeOf(request);
  const from = pageToken === '' ? 0 : countUpTo(places, placeOfToken(pageToken, collection));
  const page = places.slice(from, from + size);
  const more = places.length > from + size;
  return { places: page, nextPageToken: more ? tokenOf(page[size - 1], collection) : '' };
}

export function placeOf(job: Job): Place {
  return { createdMs: statusOf(job).createTime?.getTime() ?? 0, name: job.name };
}

/** Negative if `a` comes before `b` in the list, 0 if they are the same place. */
export function comparePlaces(a: Place, b: Place): number {
  if (a.createdMs !== b.createdMs) return b.createdMs - a.createdMs;
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

/** How many of the places, which are in order, come before this one or are it. */
export function countUpTo(places: readonly Place[], place: Place): number {
  let [low, high] = [0, places.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (comparePlaces(places[middle], place) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
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
