import { onnx } from '@nss/contracts';
import { IMAGES, type Layer, LOGITS, layersOf } from './layers.ts';
import type { NetworkTensor, TrainedNetwork } from './trained-network.ts';

const { ModelProto, NodeProto, TensorProto, AttributeProto } = onnx;

/** Operators of opset 13 are in every ONNX Runtime since 1.7; IR version 7 goes with it. */
const OPSET = 13;
const IR_VERSION = 7;
/** ONNX's TensorProto.DataType. */
const FLOAT = 1;

/**
 * The network as an ONNX model: `images` float32 `[batch, height, width, channels]`, pixels from 0 to 255, to `logits` float32
 * `[batch, classes]`. Normalisation and the change to ONNX's `[batch, channels, height, width]` are in the graph. `metadata` goes
 * into the model's properties. Throws NetworkFileError.
 */
export function toOnnx(network: TrainedNetwork, metadata: Readonly<Record<string, string>> = {}): Uint8Array {
  const { height, width, channels, classes } = network.input;
  const initializer: onnx.TensorProto[] = [];
  const constant = ({ name, shape, data }: NetworkTensor): string => {
    initializer.push(TensorProto.create({ name, dims: [...shape], dataType: FLOAT, rawData: bytesOf(data) }));
    return name;
  };
  const node = layersOf(network).flatMap((layer) => nodesOf(layer, network.batchNormEpsilon, constant));
  return ModelProto.encode({
    irVersion: IR_VERSION,
    opsetImport: [{ domain: '', version: OPSET }],
    producerName: 'Network Space Search',
    producerVersion: '',
    docString: 'pixels from 0 to 255 in, logits out',
    graph: {
      name: 'network',
      node,
      initializer,
      input: [valueInfo(IMAGES, height, width, channels)],
      output: [valueInfo(LOGITS, classes)],
    },
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
  }).finish();
}

function nodesOf(layer: Layer, epsilon: number, constant: (tensor: NetworkTensor) => string): onnx.NodeProto[] {
  const { name } = layer;
  const node = (
    opType: string,
    input: readonly string[],
    attribute: readonly onnx.AttributeProto[] = [],
    output = name,
  ) => NodeProto.create({ name: output, opType, input: [...input], output: [output], attribute: [...attribute] });
  switch (layer.kind) {
    case 'normalisation': {
      const shape = [1, layer.factor.length, 1, 1];
      const factor = constant({ name: `${name}.factor`, shape, data: layer.factor });
      const offset = constant({ name: `${name}.offset`, shape, data: layer.offset });
      return [
        node('Transpose', layer.inputs, [ints('perm', [0, 3, 1, 2])], `${name}.channels-first`),
        node('Mul', [`${name}.channels-first`, factor], [], `${name}.scaled`),
        node('Add', [`${name}.scaled`, offset]),
      ];
    }
    case 'convolution': {
      const [k] = layer.kernel.shape;
      const rows = samePadding(layer.height, k, layer.stride);
      const columns = samePadding(layer.width, k, layer.stride);
      return [
        node(
          'Conv',
          [...layer.inputs, constant(outputChannelsFirst(layer.kernel, `${name}.kernel`))],
          [
            ints('kernel_shape', [k, k]),
            ints('strides', [layer.stride, layer.stride]),
            ints('pads', [rows.before, columns.before, rows.after, columns.after]),
          ],
        ),
      ];
    }
    case 'batchNorm': {
      const constants = [layer.scale, layer.offset, layer.mean, layer.variance].map(constant);
      const attribute = AttributeProto.create({
        name: 'epsilon',
        f: epsilon,
        type: onnx.AttributeProtoAttributeType.FLOAT,
      });
      return [node('BatchNormalization', [...layer.inputs, ...constants], [attribute])];
    }
    case 'relu':
      return [node('Relu', layer.inputs)];
    case 'add':
      return [node('Add', layer.inputs)];
    case 'globalAveragePool':
      return [node('GlobalAveragePool', layer.inputs, [], `${name}.mean`), node('Flatten', [`${name}.mean`])];
    case 'fullyConnected':
      return [node('Gemm', [...layer.inputs, constant(layer.weights), constant(layer.bias)])];
  }
}

/** Pixels of padding that TensorFlow's SAME puts before and after a side. */
function samePadding(side: number, k: number, stride: number): { before: number; after: number } {
  const total = Math.max(0, (Math.ceil(side / stride) - 1) * stride + k - side);
  return { before: Math.floor(total / 2), after: Math.ceil(total / 2) };
}

/** `[k, k, in, out]` to ONNX's `[out, in, k, k]`. */
function outputChannelsFirst({ shape, data }: NetworkTensor, name: string): NetworkTensor {
  const [rows, columns, from, to] = shape;
  const moved = new Float32Array(data.length);
  let source = 0;
  for (let cell = 0; cell < rows * columns; cell++) {
    for (let i = 0; i < from; i++) {
      for (let o = 0; o < to; o++) moved[(o * from + i) * rows * columns + cell] = data[source++];
    }
  }
  return { name, shape: [to, from, rows, columns], data: moved };
}

function valueInfo(name: string, ...sizes: readonly number[]): onnx.ValueInfoProto {
  const dim = [
    { value: { $case: 'dimParam' as const, value: 'batch' } },
    ...sizes.map((value) => ({ value: { $case: 'dimValue' as const, value } })),
  ];
  const value = { elemType: FLOAT, shape: { dim } };
  return { name, type: { value: { $case: 'tensorType', value } }, docString: '' };
}

const ints = (name: string, values: number[]) =>
  AttributeProto.create({ name, ints: values, type: onnx.AttributeProtoAttributeType.INTS });

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array) => Buffer.from(buffer, byteOffset, byteLength);
