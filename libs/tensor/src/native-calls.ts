import type { TFEOpAttr, TFJSBinding } from '@tensorflow/tfjs-node/dist/tfjs_binding.d.ts';
import { GraphSessions, KernelGraph } from './kernel-graph.ts';
import type { Tensor } from './kernels.ts';

/** `id`: the addon's; negative while the kernel that makes it has not run yet. */
export type NativeTensor = Tensor & { readonly id: number };

export const idOf = (tensor: Tensor): number => (tensor as NativeTensor).id;

export type NativeCalls = ReturnType<typeof nativeCalls>;

/** What `tfjs-node`'s addon is asked for: tensors, made and freed, and kernels, run one by one or together. */
export function nativeCalls(binding: TFJSBinding) {
  const float: TFEOpAttr = { name: 'T', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT };
  /** Shapes, axes and the like: tiny tensors that repeat, made once and kept for the life of the engine. */
  const constants = new Map<string, number>();
  const integers = new Set<number>();
  const sessions = new GraphSessions(binding, (id) => integers.has(id));
  /** Where kernels are noted that are to run together. */
  let graph: KernelGraph | undefined;
  /** Tensors that nobody has to free. */
  let kept = 0;

  function create(data: Float32Array | Int32Array, shape: readonly number[]): NativeTensor {
    const type = data instanceof Int32Array ? binding.TF_INT32 : binding.TF_FLOAT;
    return { id: binding.createTensor([...shape], type, data), shape };
  }

  function free(tensor: Tensor): void {
    const id = idOf(tensor);
    if (graph) graph.free(id);
    // Below zero: of a kernel that never ran, because one that was to run with it could not.
    else if (id >= 0) binding.deleteTensor(id);
  }

  function run(op: string, attributes: TFEOpAttr[], inputs: number[], outputs: number): NativeTensor[] {
    return graph ? graph.add(op, attributes, inputs, outputs) : binding.executeOp(op, attributes, inputs, outputs);
  }

  const run1 = (op: string, attributes: TFEOpAttr[], ...inputs: number[]): NativeTensor =>
    run(op, attributes, inputs, 1)[0];

  /**
   * A kernel with the type as its only attribute, which takes its first input over. TensorFlow computes in place when nobody else
   * holds an input; the addon hands the inputs over before it reads the attributes, so that then is the time to let go.
   */
  function runInto(op: string, taken: Tensor, ...others: Tensor[]): NativeTensor {
    const attribute = {
      ...float,
      get name() {
        free(taken);
        return float.name;
      },
    };
    return run1(op, [attribute], ...[taken, ...others].map(idOf));
  }

  /** Runs the kernels that `compute` calls when it returns, as `Kernels.together` says. */
  function together(compute: () => void): void {
    const kernels = new KernelGraph(sessions);
    graph = kernels;
    try {
      compute();
      kernels.run();
    } finally {
      graph = undefined;
      for (const id of kernels.freed) binding.deleteTensor(id);
    }
  }

  function keep(tensor: NativeTensor): number {
    kept++;
    return tensor.id;
  }

  function constant(key: string, make: () => NativeTensor): number {
    const id = constants.get(key) ?? keep(make());
    constants.set(key, id);
    return id;
  }

  function integerConstant(values: readonly number[], shape: readonly number[]): number {
    const id = constant(`${values.join()}:${shape.join()}`, () => create(Int32Array.from(values), shape));
    integers.add(id);
    return id;
  }

  return {
    float,
    create,
    free,
    run,
    run1,
    runInto,
    together,
    keep,
    constant,
    integerConstant,
    /** Tensors that somebody has to free, as the addon counts them. */
    live: () => binding.getNumOfTensors() - kept,
  };
}
