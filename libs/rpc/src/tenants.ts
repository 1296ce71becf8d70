import { invalidArgument } from './errors.ts';
import { COLLECTIONS, type Collection, ID_RULE, isFileName, isResourceId } from './names.ts';

/*
 * The one module that knows how tenants are written. A tenant's jobs have names of their own: two tenants may each have a
 * `campaigns/mine`, and neither can tell. Inside the mesh, where everything lies side by side, an id has its tenant in front: `acme=mine`.
 * What belongs to the tenant `default` has none, as everything was stored before there were tenants.
 */

/** Of everything where callers are not asked who they are. */
export const DEFAULT_TENANT = 'default';

const SEPARATOR = '=';

/** The name of a tenant, checked. Throws INVALID_ARGUMENT for `field`. */
export function parseTenant(field: string, text: string): string {
  if (isResourceId(text)) return text;
  throw invalidArgument([{ field, description: `${ID_RULE}, found ${JSON.stringify(text.slice(0, 100))}` }]);
}

/** The id under which a tenant's job is kept, queued and announced. */
export function storedId(tenant: string, id: string): string {
  return tenant === DEFAULT_TENANT ? id : `${tenant}${SEPARATOR}${id}`;
}

/** The parts of a stored id. Throws INVALID_ARGUMENT. */
export function parseStoredId(stored: string): { tenant: string; id: string } {
  const parts = partsOf(stored);
  if (parts) return parts;
  throw invalidArgument([
    { field: 'name', description: `expected the id of a stored job, found ${JSON.stringify(stored)}` },
  ]);
}

function partsOf(stored: string): { tenant: string; id: string } | undefined {
  const [first, second, ...more] = stored.split(SEPARATOR);
  const parts = second === undefined ? { tenant: DEFAULT_TENANT, id: first } : { tenant: first, id: second };
  return more.length === 0 && isResourceId(parts.tenant) && isResourceId(parts.id) ? parts : undefined;
}

/** Which job keeps an object of this name, `searches/acme=mine` of `searches/acme=mine/12-3f`, and its tenant; undefined for other texts. */
export function parseStoredObject(name: string): { job: string; tenant: string } | undefined {
  const [collection, stored, file, ...more] = name.split('/');
  if (!stored || !file || more.length > 0 || !isFileName(file)) return undefined;
  const tenant = (COLLECTIONS as readonly string[]).includes(collection) ? partsOf(stored)?.tenant : undefined;
  return tenant === undefined ? undefined : { job: `${collection}/${stored}`, tenant };
}

/** The stored id in a stored name of this collection, `campaigns/acme=mine`. Throws INVALID_ARGUMENT. */
export function parseStoredName(collection: Collection, name: string): string {
  const [found, stored, ...rest] = name.split('/');
  if (found === collection && stored && rest.length === 0 && parseStoredId(stored)) return stored;
  throw invalidArgument([
    { field: 'name', description: `expected the name of a stored job, found ${JSON.stringify(name)}` },
  ]);
}

/** The name under which what a name stands for is kept: `campaigns/mine/report.html` in `campaigns/acme=mine/report.html`. */
export function storedName(tenant: string, name: string): string {
  const [collection, id, ...rest] = name.split('/');
  return [collection, storedId(tenant, id), ...rest].join('/');
}
