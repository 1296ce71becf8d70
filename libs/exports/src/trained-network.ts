import { type Architecture, type BlockType, blockTypes, type InputShape } from '@nss/space';
import { z } from 'zod';

/** A tensor, row-major. Layouts: kernels `[k, k, in, out]`, fully connected weights `[in, classes]`. */
export type NetworkTensor = { readonly name: string; readonly shape: readonly number[]; readonly data: Float32Array };

/** What a network is, besides its tensors. */
export type NetworkFacts = {
  readonly architecture: Architecture;
  /** Type of all residual blocks; none means basic. */
  readonly block?: BlockType;
  readonly stemWidth: number;
  /** Stride of the first block of each stage. */
  readonly strides: readonly number[];
  readonly input: InputShape;
  /** Of each channel, in units of the full range (255): a network is fed `(pixel / 255 - mean) / std`. */
  readonly normalisation: { readonly mean: readonly number[]; readonly std: readonly number[] };
  /** Added to the variance in every BatchNorm. */
  readonly batchNormEpsilon: number;
  /** Training images that the BatchNorm statistics were taken from. */
  readonly calibrationImages: number;
  /** In the order of the logits, where the data set names them. */
  readonly classNames?: readonly string[];
};

/** A trained network: its facts, and its tensors by name (`stage1.block1.conv1`, `stage1.block1.bn1.mean`, ...). */
export type TrainedNetwork = NetworkFacts & { readonly tensors: ReadonlyMap<string, NetworkTensor> };

/** A file that is no trained network. */
export class NetworkFileError extends Error {
  override readonly name = 'NetworkFileError';
}

/**
 * A trained network as a safetensors file, in chunks: the tensors as float32, the facts as JSON in its metadata under `nss-network`.
 * https://github.com/huggingface/safetensors#format
 */
export function* writeTrainedNetwork(
  facts: NetworkFacts,
  tensors: readonly NetworkTensor[],
): Generator<Uint8Array<ArrayBuffer>> {
  let end = 0;
  const entries = tensors.map(({ name, shape, data }) => {
    const begin = end;
    end += data.byteLength;
    return [name, { dtype: 'F32', shape, data_offsets: [begin, end] }];
  });
  const { architecture, block, stemWidth, strides, input } = facts;
  const { normalisation, batchNormEpsilon, calibrationImages, classNames } = facts;
  const nssNetwork = JSON.stringify({
    // Version 1 is from before there were types of blocks: its readers would take any network for one of basic blocks.
    version: 2,
    ...{ architecture, block, stemWidth, strides, input },
    ...{ normalisation, batchNormEpsilon, calibrationImages, classNames },
  });
  const metadata = { format: 'nss-network', 'nss-network': nssNetwork };
  const json = new TextEncoder().encode(JSON.stringify({ __metadata__: metadata, ...Object.fromEntries(entries) }));
  // Spaces may follow the header: the tensors then begin at a multiple of eight.
  const header = new Uint8Array(8 + Math.ceil(json.length / 8) * 8).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(header.length - 8), true);
  header.set(json, 8);
  yield header;
  for (const { data } of tensors) yield new Uint8Array(data.slice().buffer);
}

/** Reads what `writeTrainedNetwork` wrote. Throws NetworkFileError. */
export function readTrainedNetwork(bytes: Uint8Array): TrainedNetwork {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerLength = bytes.length < 8 ? Number.NaN : Number(view.getBigUint64(0, true));
  if (!(headerLength <= bytes.length - 8))
    throw new NetworkFileError('this is no safetensors file, or it is cut short');
  const { metadata, entries } = readHeader(bytes.subarray(8, 8 + headerLength));
  const content = bytes.subarray(8 + headerLength);
  const tensors = new Map<string, NetworkTensor>();
  for (const [
    name,
    {
      shape,
      data_offsets: [begin, end],
    },
  ] of entries) {
    if (end - begin !== 4 * shape.reduce((product, n) => product * n, 1) || end > content.length) {
      throw new NetworkFileError(`the tensor ${name} is cut short, or of another shape than the file says`);
    }
    // Copied by the constructor: a Buffer's own slice would share memory, at any offset.
    tensors.set(name, { name, shape, data: new Float32Array(new Uint8Array(content.subarray(begin, end)).buffer) });
  }
  return { ...metadata, tensors };
}

function readHeader(json: Uint8Array) {
  try {
    const { __metadata__, ...tensors } = JSON.parse(new TextDecoder().decode(json));
    const text = z.object({ 'nss-network': z.string() }).parse(__metadata__)['nss-network'];
    const { version: _, ...metadata } = factsSchema.parse(JSON.parse(text));
    return { metadata, entries: Object.entries(z.record(z.string(), entrySchema).parse(tensors)) };
  } catch (cause) {
    throw new NetworkFileError('this is no network of NSS, or of a version that this NSS does not know', { cause });
  }
}

const whole = z.int().min(1);
const channels = z.array(z.number());

const factsSchema = z.object({
  version: z.literal([1, 2]),
  architecture: z.object({ stages: z.array(z.object({ depth: whole, width: whole })) }),
  block: z.enum(blockTypes).optional(),
  stemWidth: whole,
  strides: z.array(whole),
  input: z.object({ height: whole, width: whole, channels: whole, classes: whole }),
  normalisation: z.object({ mean: channels, std: channels }),
  batchNormEpsilon: z.number().positive(),
  calibrationImages: whole,
  classNames: z.array(z.string()).optional(),
});

const entrySchema = z.object({
  dtype: z.literal('F32'),
  shape: z.array(z.int().min(0)),
  data_offsets: z.tuple([z.int().min(0), z.int().min(0)]),
});
