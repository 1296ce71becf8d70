import type { TFEOpAttr, TFJSBinding } from '@tensorflow/tfjs-node/dist/tfjs_binding.d.ts';
import { BATCH_NORM_EPSILON, type Kernels, type MomentumStep, type Tensor, type Variable } from './kernels.ts';
import { idOf, type NativeTensor, nativeCalls } from './native-calls.ts';

type NativeVariable = Variable & { readonly handle: NativeTensor };

/**
 * TensorFlow's fused BatchNorm and ReLU is worth calling where channels fill vectors; elsewhere oneDNN falls back to a kernel that is
 * several times slower than the two by themselves.
 */
const FUSED_CHANNELS = 16;

const handleOf = (variable: Variable): NativeTensor => (variable as NativeVariable).handle;

/**
 * The name under which TensorFlow makes a variable of its own each time. It keeps a kernel for every set of attributes it has ever met:
 * with names of their own, variables would leave 3 KB each behind when they are freed.
 */
const ANONYMOUS = 'cd2c89b7-88b7-44c8-ad83-06c2a9158347';

/**
 * TensorFlow's own kernels, called on tfjs-node's addon by name and attributes (TensorFlow's op registry is the
 * reference). Going past tfjs-core saves its dispatch and gives the fused gradients that tfjs composes from many ops.
 */
export function nativeKernels(binding: TFJSBinding, device: 'cpu' | 'gpu'): Kernels {
  const calls = nativeCalls(binding);
  const { float, create, free, run, run1, runInto, keep, constant, integerConstant } = calls;
  const dtype: TFEOpAttr = { name: 'dtype', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT };
  const int = (name: string, value: number | number[]): TFEOpAttr => ({ name, type: binding.TF_ATTR_INT, value });
  const text = (name: string, value: string): TFEOpAttr => ({ name, type: binding.TF_ATTR_STRING, value });
  const bool = (name: string, value: boolean): TFEOpAttr => ({ name, type: binding.TF_ATTR_BOOL, value });
  const type = (name: string, value: number): TFEOpAttr => ({ name, type: binding.TF_ATTR_TYPE, value });

  const same = text('padding', 'SAME');
  const nhwc = text('data_format', 'NHWC');
  const convAttributes = [1, 2, 3, 4].map((s) => [float, int('strides', [1, s, s, 1]), same, nhwc]);
  const convAttributesOf = (stride: number) =>
    convAttributes[stride - 1] ?? [float, int('strides', [1, stride, stride, 1]), same, nhwc];
  const epsilon: TFEOpAttr = { name: 'epsilon', type: binding.TF_ATTR_FLOAT, value: BATCH_NORM_EPSILON };
  const batchNormAttributes = (training: boolean) => [
    float,
    type('U', binding.TF_FLOAT),
    epsilon,
    nhwc,
    bool('is_training', training),
  ];
  const training = batchNormAttributes(true);
  const fixed = batchNormAttributes(false);
  const trainingWithRelu = [
    ...training,
    { name: 'exponential_avg_factor', type: binding.TF_ATTR_FLOAT, value: 1 },
    int('num_side_inputs', 0),
    text('activation_mode', 'Relu'),
    text('_kernel', 'MklNameChangeOp'),
  ];
  const reduction = [float, type('Tidx', binding.TF_INT32), bool('keep_dims', false)];
  const sliceAttributes = [float, type('Index', binding.TF_INT32)];
  const padAttributes = [float, type('Tpaddings', binding.TF_INT32)];
  const applyMomentum = [float, bool('use_locking', false), bool('use_nesterov', false)];

  const ints = (values: readonly number[]): number => integerConstant(values, [values.length]);
  const empty = () => constant('empty', () => create(new Float32Array(0), [0]));
  const zeros = (n: number) => ints(Array.from({ length: n }, () => 0));
  const scalar = (value: number): NativeTensor => create(Float32Array.of(value), []);

  // A step's hyperparameters are the same for all its parameters: the last scalar of each is kept.
  const hyperparameters = new Map<keyof MomentumStep, { value: number; tensor: NativeTensor }>();
  function hyperparameter(name: keyof MomentumStep, value: number): number {
    const last = hyperparameters.get(name);
    if (last?.value === value) return last.tensor.id;
    const tensor = scalar(value);
    if (last) free(last.tensor);
    else keep(tensor);
    hyperparameters.set(name, { value, tensor });
    return tensor.id;
  }

  function withScalar<T>(value: number, use: (id: number) => T): T {
    const tensor = scalar(value);
    try {
      return use(tensor.id);
    } finally {
      free(tensor);
    }
  }

  /** The sum of a * b over the first so many axes. */
  function sumOfProduct(a: Tensor, b: Tensor, axes: number): NativeTensor {
    const product = run1('Mul', [float], idOf(a), idOf(b));
    if (axes === 0) return product;
    const sum = run1('Sum', reduction, product.id, ints(Array.from({ length: axes }, (_, axis) => axis)));
    free(product);
    return sum;
  }

  const readVariable = (variable: Variable): NativeTensor => {
    const value = run1('ReadVariableOp', [dtype], idOf(handleOf(variable)));
    return { id: value.id, shape: variable.shape };
  };

  function assign(variable: Variable, data: Float32Array): void {
    // The addon shares JavaScript's memory with the tensor; the variable must own what it updates in place.
    const shared = create(data, variable.shape);
    const one = scalar(1);
    const own = run1('Mul', [float], shared.id, one.id);
    run('AssignVariableOp', [dtype], [idOf(handleOf(variable)), own.id], 0);
    for (const tensor of [shared, one, own]) free(tensor);
  }

  /** The fused kernel is internal to TensorFlow on CPUs: it is used where it is there and computes what the two ops compute. */
  function probeFusedRelu(): boolean {
    if (device !== 'cpu') return false;
    const x = create(
      Float32Array.from({ length: 4 * FUSED_CHANNELS }, (_, i) => Math.sin(i)),
      [2, 2, 1, FUSED_CHANNELS],
    );
    const ones = create(new Float32Array(FUSED_CHANNELS).fill(1), [FUSED_CHANNELS]);
    const inputs = [x, ones, ones].map(idOf).concat(empty(), empty());
    const outputs: NativeTensor[] = [];
    try {
      outputs.push(...run('_MklNativeFusedBatchNormEx', trainingWithRelu, inputs, 6));
      outputs.push(...run('FusedBatchNormV3', training, inputs, 6));
      outputs.push(run1('Relu', [float], outputs[6].id));
      const [fused, separate] = [outputs[0], outputs[12]].map(({ id }) => binding.tensorDataSync(id));
      return fused.every((value, i) => value === separate[i]);
    } catch {
      return false;
    } finally {
      for (const tensor of [x, ones, ...outputs]) free(tensor);
    }
  }
  const fusesRelu = probeFusedRelu();

  /** Kernels run together as a graph, which TensorFlow reads from a temporary file; with a GPU, results would travel. */
  function probeGraphs(): boolean {
    if (device !== 'cpu') return false;
    const tensors = [create(Float32Array.of(1), [1])];
    try {
      calls.together(() => tensors.push(run1('Relu', [float], tensors[0].id)));
      return true;
    } catch {
      return false;
    } finally {
      for (const tensor of tensors) free(tensor);
    }
  }
  const runsGraphs = probeGraphs();

  return {
    fromArray: create,
    read: (tensor) => binding.tensorDataSync(idOf(tensor)) as Float32Array,
    free,
    liveTensors: calls.live,
    together: runsGraphs ? calls.together : (compute) => compute(),

    conv2d: (x, kernel, stride) => run1('Conv2D', convAttributesOf(stride), idOf(x), idOf(kernel)),
    conv2dInputGradient: (dy, kernel, inputShape, stride) =>
      run1('Conv2DBackpropInput', convAttributesOf(stride), ints(inputShape), idOf(kernel), idOf(dy)),
    conv2dKernelGradient: (dy, x, kernelShape, stride) =>
      run1('Conv2DBackpropFilter', convAttributesOf(stride), idOf(x), ints(kernelShape), idOf(dy)),

    batchNorm(x, scale, offset, { relu, statistics }) {
      const inputs = [idOf(x), idOf(scale), idOf(offset), empty(), empty()];
      const fuse = relu && fusesRelu && x.shape[x.shape.length - 1] % FUSED_CHANNELS === 0;
      const [normalised, mean, unbiased, ...saved] = fuse
        ? run('_MklNativeFusedBatchNormEx', trainingWithRelu, inputs, 6)
        : run('FusedBatchNormV3', training, inputs, 6);
      const y = relu && !fuse ? runInto('Relu', normalised) : normalised;
      if (!statistics) {
        for (const tensor of [mean, unbiased]) free(tensor);
        return { y, saved };
      }
      // TensorFlow returns the unbiased variance (for running averages); the batch was normalised with the biased one.
      const n = x.shape.slice(0, -1).reduce((product, size) => product * size, 1);
      const variance = withScalar((n - 1) / n, (factor) => run1('Mul', [float], unbiased.id, factor));
      free(unbiased);
      return { y, saved, statistics: { mean, variance } };
    },
    batchNormGradient(dy, x, scale, saved) {
      const [dx, dScale, dOffset, ...unused] = run(
        'FusedBatchNormGradV3',
        training,
        [idOf(dy), idOf(x), idOf(scale), ...saved.map(idOf)],
        5,
      );
      for (const tensor of unused) free(tensor);
      return { dx, dScale, dOffset };
    },
    batchNormFixed(x, scale, offset, mean, variance) {
      const inputs = [x, scale, offset, mean, variance].map(idOf);
      const [y, ...unused] = run('FusedBatchNormV3', fixed, inputs, 6);
      for (const tensor of unused) free(tensor);
      return y;
    },

    relu: (x) => run1('Relu', [float], idOf(x)),
    reluInto: (x) => runInto('Relu', x),
    reluGradient: (dy, y) => run1('ReluGrad', [float], idOf(dy), idOf(y)),
    reluGradientInto: (dy, y) => runInto('ReluGrad', dy, y),
    add: (a, b) => run1('AddV2', [float], idOf(a), idOf(b)),
    addInto: (a, b) => runInto('AddV2', a, b),
    multiply: (a, b) => run1('Mul', [float], idOf(a), idOf(b)),
    dotChannels: (a, b) => sumOfProduct(a, b, b.shape.length - 1),
    dot: (a, b) => sumOfProduct(a, b, b.shape.length),

    globalAveragePool: (x) => run1('Mean', reduction, idOf(x), ints([1, 2])),
    globalAveragePoolGradient(dy, inputShape) {
      const [batch, height, width, channels] = inputShape;
      const pooled = run1(
        'Reshape',
        [float, type('Tshape', binding.TF_INT32)],
        idOf(dy),
        ints([batch, 1, 1, channels]),
      );
      const attributes = [
        float,
        int('ksize', [1, height, width, 1]),
        int('strides', [1, height, width, 1]),
        text('padding', 'VALID'),
        nhwc,
      ];
      const dx = run1('AvgPoolGrad', attributes, ints(inputShape), pooled.id);
      free(pooled);
      return dx;
    },
    matMul: (a, b, transposeA, transposeB) =>
      run1('MatMul', [float, bool('transpose_a', transposeA), bool('transpose_b', transposeB)], idOf(a), idOf(b)),
    addBias: (x, b) => run1('BiasAdd', [float, nhwc], idOf(x), idOf(b)),
    sumRows: (dy) => run1('BiasAddGrad', [float, nhwc], idOf(dy)),
    softmaxCrossEntropy(logits, labels) {
      const [losses, gradient] = run('SoftmaxCrossEntropyWithLogits', [float], [idOf(logits), idOf(labels)], 2);
      return { losses, gradient };
    },

    slice: (x, shape) => run1('Slice', sliceAttributes, idOf(x), zeros(shape.length), ints(shape)),
    padTo(x, shape) {
      const paddings = shape.flatMap((size, axis) => [0, size - x.shape[axis]]);
      return run1('Pad', padAttributes, idOf(x), integerConstant(paddings, [shape.length, 2]));
    },
    halfSquareNorm(tensors) {
      const norms = tensors.map((tensor) => run1('L2Loss', [float], idOf(tensor)));
      const sum = run1('AddN', [float, int('N', norms.length)], ...norms.map(idOf));
      const [value] = binding.tensorDataSync(sum.id);
      for (const tensor of [...norms, sum]) free(tensor);
      return value;
    },

    variable(data, shape) {
      const attributes: TFEOpAttr[] = [
        dtype,
        { name: 'shape', type: binding.TF_ATTR_SHAPE, value: [...shape] },
        text('shared_name', ANONYMOUS),
        text('container', ''),
      ];
      const handle = run1('VarHandleOp', attributes);
      const variable: NativeVariable = { handle, shape };
      assign(variable, data);
      return variable;
    },
    readVariable,
    assign,
    freeVariable(variable) {
      const handle = handleOf(variable);
      run('DestroyResourceOp', [bool('ignore_lookup_error', true)], [handle.id], 0);
      free(handle);
    },
    momentumStep(weights, velocity, gradient, { learningRate, momentum, weightDecay, gradientScale }) {
      const temporary: NativeTensor[] = [];
      const keep = (tensor: NativeTensor) => {
        temporary.push(tensor);
        return tensor.id;
      };
      let g = idOf(gradient);
      if (gradientScale !== 1) g = keep(run1('Mul', [float], g, hyperparameter('gradientScale', gradientScale)));
      if (weightDecay !== 0) {
        const current = readVariable(weights);
        const decay = run1('Mul', [float], current.id, hyperparameter('weightDecay', weightDecay));
        // The update is in place only while nobody else holds the weights.
        free(current);
        g = keep(run1('AddV2', [float], g, keep(decay)));
      }
      const rate = hyperparameter('learningRate', learningRate);
      const inputs = [idOf(handleOf(weights)), idOf(handleOf(velocity)), rate, g, hyperparameter('momentum', momentum)];
      run('ResourceApplyMomentum', applyMomentum, inputs, 0);
      for (const tensor of temporary) free(tensor);
    },
  };
}
