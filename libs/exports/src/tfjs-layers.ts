import { IMAGES, type Layer, LOGITS, layersOf } from './layers.ts';
import type { NetworkTensor, TrainedNetwork } from './trained-network.ts';

/** The files of a TensorFlow.js layers model. */
export type TfjsLayersModel = { readonly 'model.json': string; readonly 'weights.bin': Uint8Array };

/**
 * The network as a TensorFlow.js layers model, for `tf.loadLayersModel`: pixels from 0 to 255 `[batch, height, width, channels]` to
 * logits `[batch, classes]`. Throws NetworkFileError.
 */
export function toTfjsLayers(
  network: TrainedNetwork,
  metadata: Readonly<Record<string, string>> = {},
): TfjsLayersModel {
  const { height, width, channels } = network.input;
  const weights: NetworkTensor[] = [];
  const keep = (layer: string, name: string, shape: readonly number[], data: Float32Array) =>
    weights.push({ name: `${layer}/${name}`, shape, data });
  const layers = layersOf(network).map((layer) => ({
    name: layer.name,
    ...kerasLayer(layer, network.batchNormEpsilon, (name, { shape, data }) => keep(layer.name, name, shape, data)),
    inbound_nodes: [layer.inputs.map((input) => [input, 0, 0, {}])],
  }));
  const input = {
    name: IMAGES,
    class_name: 'InputLayer',
    config: { name: IMAGES, batch_input_shape: [null, height, width, channels], dtype: 'float32', sparse: false },
    inbound_nodes: [],
  };
  const model = {
    format: 'layers-model',
    generatedBy: 'Network Space Search',
    convertedBy: null,
    modelTopology: {
      class_name: 'Model',
      config: {
        name: 'network',
        layers: [input, ...layers],
        input_layers: [[IMAGES, 0, 0]],
        output_layers: [[LOGITS, 0, 0]],
      },
      keras_version: '2.15.0',
      backend: 'tensorflow',
    },
    weightsManifest: [
      { paths: ['weights.bin'], weights: weights.map(({ name, shape }) => ({ name, shape, dtype: 'float32' })) },
    ],
    userDefinedMetadata: metadata,
  };
  return {
    'model.json': `${JSON.stringify(model)}\n`,
    'weights.bin': Buffer.concat(
      weights.map(({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength)),
    ),
  };
}

/** Class and configuration of a layer in Keras's form; `keep` takes its weights in Keras's order. */
function kerasLayer(
  layer: Layer,
  epsilon: number,
  keep: (name: string, tensor: Pick<NetworkTensor, 'shape' | 'data'>) => void,
): { class_name: string; config: Record<string, unknown> } {
  const configured = (class_name: string, config: Record<string, unknown> = {}) => ({
    class_name,
    config: { name: layer.name, trainable: true, ...config },
  });
  switch (layer.kind) {
    case 'normalisation': {
      const { factor, offset } = layer;
      keep('depthwise_kernel', { shape: [1, 1, factor.length, 1], data: factor });
      keep('bias', { shape: [offset.length], data: offset });
      return configured('DepthwiseConv2D', { ...convolutionOf(1, 1), depth_multiplier: 1, use_bias: true });
    }
    case 'convolution': {
      keep('kernel', layer.kernel);
      const [k, , , filters] = layer.kernel.shape;
      return configured('Conv2D', { ...convolutionOf(k, layer.stride), filters, use_bias: false });
    }
    case 'batchNorm':
      keep('gamma', layer.scale);
      keep('beta', layer.offset);
      keep('moving_mean', layer.mean);
      keep('moving_variance', layer.variance);
      return configured('BatchNormalization', { axis: -1, momentum: 0.99, epsilon, center: true, scale: true });
    case 'relu':
      return configured('Activation', { activation: 'relu' });
    case 'add':
      return configured('Add');
    case 'globalAveragePool':
      return configured('GlobalAveragePooling2D', { data_format: 'channels_last' });
    case 'fullyConnected':
      keep('kernel', layer.weights);
      keep('bias', layer.bias);
      return configured('Dense', { units: layer.bias.shape[0], activation: 'linear', use_bias: true });
  }
}

const convolutionOf = (k: number, stride: number) => ({
  kernel_size: [k, k],
  strides: [stride, stride],
  padding: 'same',
  data_format: 'channels_last',
  dilation_rate: [1, 1],
  activation: 'linear',
});
