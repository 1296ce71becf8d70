import { blockOf, formatArchitecture, formatMultiplyAdds } from '@nss/space';
import type { NetworkFile } from './network-formats.ts';
import type { TrainedNetwork } from './trained-network.ts';

/** What a model card tells besides the network itself; what is not known is left out. */
export type ModelCardFacts = {
  /** Resource name of the training. */
  readonly training: string;
  readonly dataset: {
    readonly title: string;
    /** Side in pixels. */
    readonly imageSize: number;
    /** Images used. */
    readonly trainImages: number;
    readonly testImages: number;
    /** What was done to the images before the network takes them. */
    readonly preparation: string;
    readonly licence?: string;
    readonly citation?: string;
  };
  readonly testErrorPercent: number;
  /** Nats. */
  readonly testLoss: number;
  readonly multiplyAdds: number;
  readonly parameters: number;
  readonly trainingSeed: number;
  readonly epochs: number;
  /** What computed, for example `TensorFlow 2.21.0, CPU, 1 thread`. */
  readonly engines: readonly string[];
  readonly endTime?: Date;
  /** Where the network was found. */
  readonly search?: {
    readonly campaign: string;
    readonly eliteSpace: string;
    readonly targetMultiplyAdds: number;
    readonly seed: number;
  };
  /** Software that trained it, and software that exported it: version and commit. */
  readonly trainedBy?: string;
  readonly exportedBy?: string;
};

/** A model card in Markdown: what the network is, what it was trained on, how good it is, and how its files are used. */
export function modelCard(network: TrainedNetwork, facts: ModelCardFacts, files: readonly NetworkFile[]): string {
  const { input, normalisation, calibrationImages, classNames } = network;
  const { dataset, search } = facts;
  const kernels = blockOf(network)
    .kernels.map((side) => `${side}x${side}`)
    .join(', ');
  const shape = `[batch, ${input.height}, ${input.width}, ${input.channels}]`;
  const rows: (readonly [string, string | undefined])[] = [
    ['Network', `${formatArchitecture(network.architecture)} (depth x width of each stage)`],
    ['Cost', `${formatMultiplyAdds(facts.multiplyAdds)} (${facts.multiplyAdds} multiply-adds)`],
    ['Parameters', String(facts.parameters)],
    ['Test error', `${facts.testErrorPercent.toFixed(2)} % of ${dataset.testImages} images`],
    ['Test loss', `${facts.testLoss.toFixed(4)} nats`],
    ['Data set', `${dataset.title}, ${dataset.imageSize}x${dataset.imageSize} pixels`],
    ['Preparation of images', dataset.preparation],
    ['Training images', String(dataset.trainImages)],
    ['Licence of the data', dataset.licence],
    ['Citation of the data', dataset.citation],
    ['Epochs', String(facts.epochs)],
    ['Training seed', String(facts.trainingSeed)],
    ['Elite Space', search?.eliteSpace],
    ['Target', search && formatMultiplyAdds(search.targetMultiplyAdds)],
    ['Search', search && `${search.campaign}, seed ${search.seed}`],
    ['Training', facts.training],
    ['Computed by', facts.engines.join('; ') || undefined],
    ['Trained', facts.endTime?.toISOString()],
    ['Trained by', facts.trainedBy],
    ['Exported by', facts.exportedBy],
  ];
  return `# ${formatArchitecture(network.architecture)} on ${dataset.title}

A convolutional network for images, found and trained by Network Space Search.

| | |
| --- | --- |
${rows.flatMap(([name, value]) => (value ? [`| ${name} | ${inCell(value)} |`] : [])).join('\n')}

## Input and output

- \`images\`: float32 ${shape}, red, green and blue as pixels from 0 to 255. Normalisation is part of the network:
  mean ${written(normalisation.mean)}, standard deviation ${written(normalisation.std)} of the full range.
- \`logits\`: float32 [batch, ${input.classes}]; the largest one is the class.${classNames ? ` In order: ${classNames.map((name) => `\`${name}\``).join(', ')}.` : ''}
- BatchNorm uses statistics of ${calibrationImages} training images; with these the test error was measured.

## Structure

A 3x3 convolution to ${network.stemWidth} channels, then stages of residual blocks (${kernels}, projection in the first block of each stage; strides
${network.strides.join(', ')}), global average pooling, one fully connected layer. BatchNorm and ReLU after each convolution.

## Files

${files.map(({ name }) => `- \`${name}\`${uses[name] ? `: ${uses[name]}` : ''}`).join('\n')}
`;
}

const uses: Readonly<Record<string, string>> = {
  'network.onnx': 'ONNX, opset 13: `InferenceSession.create("network.onnx")`',
  'network.safetensors':
    'weights, BatchNorm statistics and facts by name: `safetensors.numpy.load_file("network.safetensors")`',
  'saved-model/saved_model.pb': 'TensorFlow: `tf.saved_model.load("saved-model").signatures["serving_default"]`',
  'tfjs/model.json': 'TensorFlow.js: `tf.loadLayersModel("file://tfjs/model.json")`',
};

const written = (values: readonly number[]) => values.map((value) => value.toFixed(4)).join(', ');

const inCell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
