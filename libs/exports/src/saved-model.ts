import { tensorflow } from '@nss/contracts';
import { IMAGES, type Layer, LOGITS, layersOf } from './layers.ts';
import type { NetworkTensor, TrainedNetwork } from './trained-network.ts';

const { AttrValue, DataType, NodeDef, SavedModel, TensorProto } = tensorflow;

/**
 * The network as the one file of a TensorFlow SavedModel, `saved_model.pb`: weights are constants of the graph, so there are no
 * variables. The signature `serving_default` takes `images` float32 `[batch, height, width, channels]`, pixels from 0 to 255, and gives
 * `logits` float32 `[batch, classes]`. Throws NetworkFileError.
 */
export function toSavedModel(network: TrainedNetwork): Uint8Array {
  const { height, width, channels, classes } = network.input;
  const images = shapeOf([-1, height, width, channels]);
  const nodes = [node(IMAGES, 'Placeholder', [], { dtype: type(DataType.DT_FLOAT), shape: shape(images) })];
  const constant = ({ name, shape: sizes, data }: NetworkTensor): string => {
    nodes.push(constantNode(name, sizes, data, DataType.DT_FLOAT));
    return name;
  };
  for (const layer of layersOf(network)) nodes.push(...nodesOf(layer, network.batchNormEpsilon, constant));
  const info = (name: string, tensorShape: tensorflow.TensorShapeProto) => ({
    name: `${name}:0`,
    dtype: DataType.DT_FLOAT,
    tensorShape,
  });
  return SavedModel.encode({
    savedModelSchemaVersion: 1,
    metaGraphs: [
      {
        metaInfoDef: { metaGraphVersion: '', tags: ['serve'], tensorflowVersion: '2.0.0' },
        // Graphs of this producer version are read by every TensorFlow 2.
        graphDef: { node: nodes, versions: { producer: 175, minConsumer: 12 } },
        signatureDef: {
          serving_default: {
            inputs: { [IMAGES]: info(IMAGES, images) },
            outputs: { [LOGITS]: info(LOGITS, shapeOf([-1, classes])) },
            methodName: 'tensorflow/serving/predict',
          },
        },
      },
    ],
  }).finish();
}

function nodesOf(layer: Layer, epsilon: number, constant: (tensor: NetworkTensor) => string): tensorflow.NodeDef[] {
  const { name, inputs } = layer;
  switch (layer.kind) {
    case 'normalisation': {
      const sizes = [layer.factor.length];
      const factor = constant({ name: `${name}.factor`, shape: sizes, data: layer.factor });
      const offset = constant({ name: `${name}.offset`, shape: sizes, data: layer.offset });
      return [
        node(`${name}.scaled`, 'Mul', [...inputs, factor], { T: float }),
        node(name, 'AddV2', [`${name}.scaled`, offset], { T: float }),
      ];
    }
    case 'convolution': {
      const strides = AttrValue.create({
        value: { $case: 'list', value: { i: [1, layer.stride, layer.stride, 1] } },
      });
      const kernel = constant({ ...layer.kernel, name: `${name}.kernel` });
      return [
        node(name, 'Conv2D', [...inputs, kernel], { T: float, strides, padding: text('SAME'), data_format: nhwc }),
      ];
    }
    case 'batchNorm': {
      const statistics = [layer.scale, layer.offset, layer.mean, layer.variance].map(constant);
      const attributes = {
        ...{ T: float, U: float, data_format: nhwc },
        epsilon: AttrValue.create({ value: { $case: 'f', value: epsilon } }),
        is_training: no,
      };
      return [node(name, 'FusedBatchNormV3', [...inputs, ...statistics], attributes)];
    }
    case 'relu':
      return [node(name, 'Relu', inputs, { T: float })];
    case 'add':
      return [node(name, 'AddV2', inputs, { T: float })];
    case 'globalAveragePool': {
      const axes = constantNode(`${name}.axes`, [2], Int32Array.of(1, 2), DataType.DT_INT32);
      const attributes = { T: float, Tidx: type(DataType.DT_INT32), keep_dims: no };
      return [axes, node(name, 'Mean', [...inputs, axes.name], attributes)];
    }
    case 'fullyConnected': {
      const product = node(`${name}.product`, 'MatMul', [...inputs, constant(layer.weights)], {
        ...{ T: float, transpose_a: no, transpose_b: no },
      });
      return [product, node(name, 'BiasAdd', [product.name, constant(layer.bias)], { T: float, data_format: nhwc })];
    }
  }
}

function node(
  name: string,
  op: string,
  input: readonly string[],
  attr: Record<string, tensorflow.AttrValue>,
): tensorflow.NodeDef {
  return NodeDef.create({ name, op, input: [...input], attr });
}

function constantNode(
  name: string,
  sizes: readonly number[],
  { buffer, byteOffset, byteLength }: Float32Array | Int32Array,
  dtype: tensorflow.DataType,
): tensorflow.NodeDef {
  const tensorContent = Buffer.from(buffer, byteOffset, byteLength);
  const value = TensorProto.create({ dtype, tensorShape: shapeOf(sizes), tensorContent });
  return node(name, 'Const', [], {
    dtype: type(dtype),
    value: AttrValue.create({ value: { $case: 'tensor', value } }),
  });
}

const shapeOf = (sizes: readonly number[]): tensorflow.TensorShapeProto => ({ dim: sizes.map((size) => ({ size })) });
const shape = (value: tensorflow.TensorShapeProto) => AttrValue.create({ value: { $case: 'shape', value } });
const type = (value: tensorflow.DataType) => AttrValue.create({ value: { $case: 'type', value } });
const text = (value: string) => AttrValue.create({ value: { $case: 's', value: Buffer.from(value) } });
const float = type(DataType.DT_FLOAT);
const nhwc = text('NHWC');
const no = AttrValue.create({ value: { $case: 'b', value: false } });
