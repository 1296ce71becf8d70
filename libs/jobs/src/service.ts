import { type CallContext, type Definition, type FieldViolation, type Implementation, invalidArgument } from '@nss/rpc';
import type { Jobs } from './jobs.ts';
import { type Job, snakeCase } from './kinds.ts';
import { checkQuota } from './quota.ts';

/** Checks a spec before anything is stored: everything that is wrong with it, with field paths from `spec`. */
export type Validate<Spec> = (spec: Spec) => readonly FieldViolation[];

type Fields = { readonly [field: string]: unknown };

/**
 * The six standard methods of a kind of job (Create, Get, List, Cancel, Delete, Watch), for every service whose requests have
 * the standard form: they differ in the names of fields only. `D` is the generated definition; what it has besides is left to its
 * service.
 *
 * @param initial fields of the resource, beside the spec, that are known when it is created. What else a request says of
 *   results and states is dropped.
 */
export function jobService<D extends Definition, R extends Job>(
  jobs: Jobs<R>,
  validate: Validate<R['spec']>,
  initial: (spec: R['spec']) => Partial<R> = () => ({}),
): Implementation<Pick<D, StandardMethod & keyof D>> {
  const { singular, collection, codec } = jobs.kind;
  const [one, many] = [capitalised(singular), capitalised(collection)];
  const nameOf = (request: Fields) => String(request.name);
  const handlers = {
    async [`create${one}`](request: Fields, { caller }: CallContext) {
      const found = request[singular] as R | undefined;
      const violations = found
        ? validate(found.spec)
        : [{ field: snakeCase(singular), description: 'expected the resource to create' }];
      if (!found || violations.length > 0) throw invalidArgument(violations);
      const [id, requestId] = [request[`${singular}Id`], request.requestId] as string[];
      const resource = { ...codec.fromJSON({}), ...initial(found.spec), spec: found.spec };
      const mine = jobs.of(caller.tenant);
      // What a service creates belongs to what was begun already.
      if (!caller.service) await checkQuota(mine, caller.tenant, requestId);
      return mine.create({ id, requestId, resource });
    },
    [`get${one}`]: (request: Fields, { caller }: CallContext) => jobs.of(caller.tenant).get(nameOf(request)),
    async [`list${many}`](request: Fields, { caller }: CallContext) {
      const { resources, nextPageToken } = await jobs.of(caller.tenant).list(request);
      return { [collection]: resources, nextPageToken };
    },
    [`cancel${one}`]: (request: Fields, { caller }: CallContext) => jobs.of(caller.tenant).cancel(nameOf(request)),
    [`suspend${one}`]: (request: Fields, { caller }: CallContext) => jobs.of(caller.tenant).suspend(nameOf(request)),
    [`resume${one}`]: (request: Fields, { caller }: CallContext) => jobs.of(caller.tenant).resume(nameOf(request)),
    async [`delete${one}`](request: Fields, { caller }: CallContext) {
      await jobs.of(caller.tenant).delete(nameOf(request));
      return {};
    },
    async *[`watch${one}`](request: Fields, { caller, signal }: CallContext) {
      const mine = jobs.of(caller.tenant);
      for await (const { change, resource } of mine.watch(nameOf(request), Number(request.afterChange), signal)) {
        yield { change, [singular]: resource };
      }
    },
  };
  // The compiler does not follow names that are put together; the tests call every method of every kind.
  return handlers as unknown as Implementation<Pick<D, StandardMethod & keyof D>>;
}

type StandardMethod = `${'create' | 'get' | 'list' | 'cancel' | 'suspend' | 'resume' | 'delete' | 'watch'}${string}`;

const capitalised = (name: string) => name[0].toUpperCase() + name.slice(1);
