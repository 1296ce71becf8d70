import type { JobKind, Resources, Specs } from '@nss/job-apis';
import { contentKey } from './content.ts';

/**
 * A job that an experiment reads the result of, or that such a job needs. It is known by what it computes: two experiments that ask for the
 * same have the same node.
 */
export type JobNode<Kind extends JobKind = JobKind> = {
  readonly kind: Kind;
  /** Id in the mesh and name of its stored result. */
  readonly key: string;
  /** For people, for example `search, 8 MF, seed 0`. */
  readonly title: string;
  /** Jobs whose results its spec is made from. */
  readonly needs: readonly JobNode[];
  /** What the key is the hash of: the spec, with keys in place of what comes from other jobs. */
  readonly content: unknown;
  /** Multiply-adds that it takes, about: what its time is estimated from. */
  readonly work: number;
  readonly template: Template<Specs[Kind]>;
};

/** A spec in which references may stand for values. */
export type Template<T> =
  | T
  | Reference<T>
  | (T extends readonly (infer Element)[]
      ? readonly Template<Element>[]
      : T extends object
        ? { readonly [Key in keyof T]: Template<T[Key]> }
        : never);

/** A value that another job finds. */
export class Reference<T> {
  readonly node: JobNode;
  /** Names the value among those that can be read from a resource of this kind. */
  readonly what: string;
  readonly read: (resource: Resources[JobKind]) => T;

  constructor(node: JobNode, what: string, read: (resource: Resources[JobKind]) => T) {
    this.node = node;
    this.what = what;
    this.read = read;
  }
}

/** What `read` finds in the result of a job. */
export function referTo<Kind extends JobKind, T>(
  node: JobNode<Kind>,
  what: string,
  read: (resource: Resources[Kind]) => T,
): Reference<T> {
  return new Reference(node, what, read as (resource: Resources[JobKind]) => T);
}

export function jobNode<Kind extends JobKind>(
  kind: Kind,
  title: string,
  work: number,
  template: Template<Specs[Kind]>,
): JobNode<Kind> {
  const needs = new Map<string, JobNode>();
  const content = replaceReferences(template, ({ node, what }) => {
    needs.set(node.key, node);
    return { of: node.key, what };
  });
  const key = contentKey(kind, content);
  return { kind, key, title, needs: [...needs.values()], content, work, template };
}

/** The spec of a job, when the resources of all jobs that it needs are there. */
export function specOf<Kind extends JobKind>(
  { template }: JobNode<Kind>,
  resourceOf: (node: JobNode) => Resources[JobKind],
): Specs[Kind] {
  return replaceReferences(template, ({ node, read }) => read(resourceOf(node))) as Specs[Kind];
}

/** Whether a job leaves weights, which stay in the mesh: what is stored of it is of use only while the mesh has it. */
export const leavesWeights = ({ kind }: JobNode): boolean => kind === 'warmup' || kind === 'superNetwork';

function replaceReferences(value: unknown, replace: (reference: Reference<unknown>) => unknown): unknown {
  if (value instanceof Reference) return replace(value);
  if (Array.isArray(value)) return value.map((each) => replaceReferences(each, replace));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, replaceReferences(each, replace)]));
}
