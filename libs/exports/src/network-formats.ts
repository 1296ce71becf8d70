import { toOnnx } from './onnx.ts';
import { toSavedModel } from './saved-model.ts';
import { toTfjsLayers } from './tfjs-layers.ts';
import { type TrainedNetwork, writeTrainedNetwork } from './trained-network.ts';

/** The forms that a trained network can leave in. */
export const networkFormatNames = ['onnx', 'tfjs', 'saved-model', 'safetensors'] as const;
export type NetworkFormat = (typeof networkFormatNames)[number];

/** A file to write; its name may have a folder. */
export type NetworkFile = { readonly name: string; readonly content: Uint8Array | string };

/**
 * The files of a trained network in one form. `metadata` tells where it comes from; it is kept inside the files of ONNX and
 * TensorFlow.js. Throws NetworkFileError.
 */
export function exportNetwork(
  network: TrainedNetwork,
  format: NetworkFormat,
  metadata: Readonly<Record<string, string>> = {},
): NetworkFile[] {
  switch (format) {
    case 'onnx':
      return [{ name: 'network.onnx', content: toOnnx(network, metadata) }];
    case 'tfjs':
      return Object.entries(toTfjsLayers(network, metadata)).map(([name, content]) => ({
        name: `tfjs/${name}`,
        content,
      }));
    case 'saved-model':
      return [{ name: 'saved-model/saved_model.pb', content: toSavedModel(network) }];
    case 'safetensors':
      return [
        {
          name: 'network.safetensors',
          content: Buffer.concat([...writeTrainedNetwork(network, [...network.tensors.values()])]),
        },
      ];
  }
}
