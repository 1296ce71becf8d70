import { blockOf } from '@nss/space';
import { NetworkFileError, type NetworkTensor, type TrainedNetwork } from './trained-network.ts';

/**
 * One step of a network. Every layer has a name, gives one output under that name, and reads those of layers before it; the first
 * one reads the images, `[batch, height, width, channels]`, as pixels from 0 to 255.
 */
export type Layer = { readonly name: string; readonly inputs: readonly string[] } & (
  | ({ /** `pixels * factor + offset`, channel by channel. */ readonly kind: 'normalisation' } & ChannelMap)
  | {
      readonly kind: 'convolution';
      /** `[k, k, in, out]`; pads to SAME. */
      readonly kernel: NetworkTensor;
      readonly stride: number;
      /** Rows and columns of what it reads. */
      readonly height: number;
      readonly width: number;
    }
  | {
      readonly kind: 'batchNorm';
      readonly scale: NetworkTensor;
      readonly offset: NetworkTensor;
      readonly mean: NetworkTensor;
      readonly variance: NetworkTensor;
    }
  | { readonly kind: 'relu' }
  | { readonly kind: 'add' }
  | { /** Mean over rows and columns: `[batch, channels]`. */ readonly kind: 'globalAveragePool' }
  | {
      readonly kind: 'fullyConnected';
      /** `[in, classes]`. */
      readonly weights: NetworkTensor;
      readonly bias: NetworkTensor;
    }
);

type ChannelMap = { readonly factor: Float32Array; readonly offset: Float32Array };

/** Name of what the first layer reads. */
export const IMAGES = 'images';
/** Name of the last layer: `[batch, classes]`. */
export const LOGITS = 'logits';

/** The network as layers, in an order in which they can be computed (method section 2). Throws NetworkFileError. */
export function layersOf(network: TrainedNetwork): Layer[] {
  const layers: Layer[] = [];
  const add = (layer: Layer): string => {
    layers.push(layer);
    return layer.name;
  };
  const tensor = (name: string): NetworkTensor => {
    const found = network.tensors.get(name);
    if (!found) throw new NetworkFileError(`the network lacks the tensor ${name}`);
    return found;
  };
  const convolution = (name: string, input: string, size: Size, stride: number) =>
    add({ name, kind: 'convolution', inputs: [input], kernel: tensor(name), stride, ...size });
  const batchNorm = (name: string, input: string) =>
    add({
      ...{ name, kind: 'batchNorm', inputs: [input] },
      ...{ scale: tensor(`${name}.scale`), offset: tensor(`${name}.offset`) },
      ...{ mean: tensor(`${name}.mean`), variance: tensor(`${name}.variance`) },
    });
  const relu = (name: string, input: string) => add({ name, kind: 'relu', inputs: [input] });

  const { kernels, strided } = blockOf(network);
  let size: Size = network.input;
  let y = add({ name: 'normalisation', kind: 'normalisation', inputs: [IMAGES], ...normalisationOf(network) });
  y = relu('stem.relu', batchNorm('stem.bn', convolution('stem.conv', y, sizeOf(size), 1)));
  for (const [i, { depth }] of network.architecture.stages.entries()) {
    for (let k = 0; k < depth; k++) {
      const name = `stage${i + 1}.block${k + 1}`;
      const stride = k === 0 ? network.strides[i] : 1;
      const shortcut =
        k === 0 ? batchNorm(`${name}.projection.bn`, convolution(`${name}.projection`, y, sizeOf(size), stride)) : y;
      for (const j of kernels.keys()) {
        if (j > 0) y = relu(`${name}.relu${j}`, y);
        const step = j === strided ? stride : 1;
        y = batchNorm(`${name}.bn${j + 1}`, convolution(`${name}.conv${j + 1}`, y, sizeOf(size), step));
        size = { height: Math.ceil(size.height / step), width: Math.ceil(size.width / step) };
      }
      y = relu(`${name}.relu${kernels.length}`, add({ name: `${name}.add`, kind: 'add', inputs: [y, shortcut] }));
    }
  }
  y = add({ name: 'head.pool', kind: 'globalAveragePool', inputs: [y] });
  const head = { weights: tensor('head.weights'), bias: tensor('head.bias') };
  add({ name: LOGITS, kind: 'fullyConnected', inputs: [y], ...head });
  return layers;
}

type Size = { readonly height: number; readonly width: number };

const sizeOf = ({ height, width }: Size): Size => ({ height, width });

/** `(pixel / 255 - mean) / std` as `pixel * factor + offset`. A channel without spread only loses its mean. */
function normalisationOf({ normalisation: { mean, std } }: TrainedNetwork): ChannelMap {
  return {
    factor: Float32Array.from(std, (deviation) => 1 / (255 * (deviation || 1))),
    offset: Float32Array.from(mean, (value, c) => -value / (std[c] || 1)),
  };
}
