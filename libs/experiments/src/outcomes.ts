import type { JobKind, Resources } from '@nss/job-apis';
import type { JobNode } from './job-node.ts';

/** What a job left. */
export type Found<Kind extends JobKind = JobKind> = {
  readonly resource: Resources[Kind];
  /** Texts of the files it left, by file name. */
  readonly artifacts: Readonly<Record<string, string>>;
};

/** Why there is no result, as the end of a sentence. */
export type Missing = { readonly missing: string };

export type Outcome<Kind extends JobKind = JobKind> = Found<Kind> | Missing;

/** What is known about jobs. */
export class Outcomes {
  readonly #byKey = new Map<string, Outcome>();

  set(node: JobNode, outcome: Outcome): void {
    this.#byKey.set(node.key, outcome);
  }

  of<Kind extends JobKind>(node: JobNode<Kind>): Outcome<Kind> {
    return (this.#byKey.get(node.key) ?? { missing: 'it has not run' }) as Outcome<Kind>;
  }

  /** What a job left; undefined when it left nothing. */
  found<Kind extends JobKind>(node: JobNode<Kind>): Found<Kind> | undefined {
    const outcome = this.of(node);
    return 'missing' in outcome ? undefined : outcome;
  }
}
