import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TFEOpAttr, TFJSBinding } from '@tensorflow/tfjs-node/dist/tfjs_binding.d.ts';

/** A result of a kernel that has not run yet. */
class PendingTensor {
  /** Negative until the kernel has run. */
  id: number;
  /** Its output in the graph. */
  readonly output: string;
  /** Whether somebody still wants it when the kernels run. */
  wanted = true;
  #shape?: readonly number[];

  constructor(id: number, output: string) {
    this.id = id;
    this.output = output;
  }

  get shape(): readonly number[] {
    if (!this.#shape) throw new Error('a shape is asked for before its kernel has run');
    return this.#shape;
  }

  settle({ id, shape }: { readonly id: number; readonly shape: readonly number[] }): void {
    this.id = id;
    this.#shape = shape;
  }
}

/**
 * Kernels to run together. They are noted as a graph of TensorFlow's, which knows what depends on what: kernels that do not
 * depend on each other run at the same time, and results that nobody wants afterwards lend their memory to the next ones.
 */
export class KernelGraph {
  readonly #sessions: GraphSessions;
  readonly #feeds = new Map<number, string>();
  readonly #nodes: string[] = [];
  readonly #results: PendingTensor[] = [];
  readonly #freed: number[] = [];

  constructor(sessions: GraphSessions) {
    this.#sessions = sessions;
  }

  /** The results of a kernel; its inputs are ids of tensors that are there or of earlier results. */
  add(op: string, attributes: readonly TFEOpAttr[], inputs: readonly number[], outputs: number): PendingTensor[] {
    const name = `k${this.#nodes.length}`;
    const sources = inputs.map((id) => (id < 0 ? this.#results[-1 - id].output : this.#feed(id)));
    this.#nodes.push(nodeOf(name, op, sources, attributes.map(this.#sessions.attributeOf)));
    const first = this.#results.length;
    const results = Array.from({ length: outputs }, (_, i) => new PendingTensor(-1 - first - i, `${name}:${i}`));
    this.#results.push(...results);
    return results;
  }

  /** Lets go of a tensor, when the kernels have run. */
  free(id: number): void {
    if (id < 0) this.#results[-1 - id].wanted = false;
    else this.#freed.push(id);
  }

  /** Runs the kernels, and gives the results that are still wanted their values. */
  run(): void {
    const wanted = this.#results.filter((result) => result.wanted);
    if (wanted.length === 0) return;
    const outputs = wanted.map(({ output }) => output);
    const values = this.#sessions.run(this.#nodes, this.#feeds, outputs);
    for (const [i, result] of wanted.entries()) result.settle(values[i]);
  }

  /** What was let go of, to be freed whatever happened. */
  get freed(): readonly number[] {
    return this.#freed;
  }

  #feed(id: number): string {
    const name = this.#feeds.get(id) ?? `x${this.#feeds.size}`;
    this.#feeds.set(id, name);
    return name;
  }
}

/** TensorFlow's sessions, one for each graph that was seen. A graph does not hold the widths, so that a few are seen again and again. */
export class GraphSessions {
  readonly #binding: TFJSBinding;
  readonly #isInteger: (id: number) => boolean;
  readonly #loaded = new Map<string, number>();

  /** `isInteger`: whether a tensor is not one of floats. */
  constructor(binding: TFJSBinding, isInteger: (id: number) => boolean) {
    this.#binding = binding;
    this.#isInteger = isInteger;
  }

  /** The outputs of a graph whose inputs are the tensors of `feeds`, by the names that its nodes call them. Throws without a place for temporary files. */
  run(nodes: readonly string[], feeds: ReadonlyMap<number, string>, outputs: readonly string[]) {
    const inputs = [...feeds].map(([id, name]) =>
      nodeOf(
        name,
        'Placeholder',
        [],
        [`key: "dtype" value { type: ${this.#isInteger(id) ? 'DT_INT32' : 'DT_FLOAT'} }`],
      ),
    );
    const session = this.#sessionOf([...inputs, ...nodes].join('\n'));
    return this.#binding.runSavedModel(session, [...feeds.keys()], [...feeds.values()].join(), outputs.join());
  }

  /** An attribute as TensorFlow's text format has it. */
  readonly attributeOf = ({ name, type, value }: TFEOpAttr): string => {
    const { TF_ATTR_BOOL, TF_ATTR_FLOAT, TF_ATTR_INT, TF_ATTR_STRING, TF_ATTR_TYPE } = this.#binding;
    const fields = new Map([
      [TF_ATTR_BOOL, `b: ${value}`],
      [TF_ATTR_FLOAT, `f: ${value}`],
      [TF_ATTR_INT, Array.isArray(value) ? `list { ${value.map((i) => `i: ${i}`).join(' ')} }` : `i: ${value}`],
      [TF_ATTR_STRING, `s: "${value}"`],
      [TF_ATTR_TYPE, `type: ${value}`],
    ]);
    return `key: "${name}" value { ${fields.get(type)} }`;
  };

  #sessionOf(nodes: string): number {
    const known = this.#loaded.get(nodes);
    if (known !== undefined) return known;
    const folder = mkdtempSync(join(tmpdir(), 'nss-graph-'));
    try {
      const graph = `meta_info_def { tags: "${TAG}" } graph_def { ${nodes} versions { producer: ${GRAPH_VERSION} } }`;
      writeFileSync(join(folder, 'saved_model.pbtxt'), `saved_model_schema_version: 1 meta_graphs { ${graph} }`);
      const session = this.#binding.loadSavedModel(folder, TAG);
      this.#loaded.set(nodes, session);
      return session;
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
}

const TAG = 'serve';
/** Of TensorFlow 2.9, the oldest one that tfjs-node brings. */
const GRAPH_VERSION = 1087;

function nodeOf(name: string, op: string, inputs: readonly string[], attributes: readonly string[]): string {
  const [from, attr] = [
    inputs.map((input) => `input: "${input}"`),
    attributes.map((attribute) => `attr { ${attribute} }`),
  ];
  return `node { ${[`name: "${name}"`, `op: "${op}"`, ...from, ...attr].join(' ')} }`;
}
