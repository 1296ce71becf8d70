import { drawPermutation, type Random, randomOf } from '@nss/space';
import type { ImageSet, Images } from './load.ts';

/** Which training images a step uses: all, the half that trains weights, or the half that trains theta (method section 4). */
export type Split = 'all' | 'weights' | 'theta';

/** How training images are varied: a random crop after padding, and a random mirror image. */
export type Augmentation = {
  /** Pixels added at each side before an image of the original size is cut out. */
  padding: number;
  /** Mirror half of the images, left to right. */
  flip: boolean;
};

/** What a network is fed. */
export type Batch = {
  /** `[batch, height, width, 3]`, normalised. */
  images: Float32Array;
  /** `[batch]`. */
  labels: Int32Array;
};

/** Normalisation in units of the full range (255), and what varies the images, if anything. */
export type BatchOptions = { mean: readonly number[]; std: readonly number[] } & (
  | { augmentation: Augmentation; random: Random }
  | { augmentation?: undefined; random?: Random }
);

/** What the batches of a training follow from, besides their iterations. */
export type BatchSource = Pick<ImageSet, 'train' | 'mean' | 'std'> & {
  readonly batchSize: number;
  readonly augmentation: Augmentation;
  readonly seed: number;
};

/**
 * The batch of an iteration: order and augmentation follow from the arguments alone. Theta is judged on images as they are, as held-out
 * images are (the paper's references augment only what trains weights).
 *
 * @param into a batch of that size to write to, instead of a new one
 */
export function trainingBatch(source: BatchSource, split: Split, iteration: number, into?: Batch): Batch {
  const { batchSize, augmentation, seed, mean, std } = source;
  const images = splitOf(source, split);
  const indices = batchIndices(images.count, batchSize, seed, split, iteration);
  if (split === 'theta') return assembleBatch(images, indices, { mean, std }, into);
  const random = randomOf(seed, 'augmentation', split, iteration);
  return assembleBatch(images, indices, { mean, std, augmentation, random }, into);
}

/** Draws the order of the epoch after that of an iteration, for batches to come. */
export function drawNextOrder(source: BatchSource, split: Split, iteration: number): void {
  const { count } = splitOf(source, split);
  orderOf(count, source.seed, split, Math.floor(iteration / batchesPerEpoch(count, source.batchSize)) + 1);
}

/** A view of the training images that a split holds: the first half trains weights, the second half theta. */
export function splitOf(set: Pick<ImageSet, 'train'>, split: Split): Images {
  const { count } = set.train;
  const middle = Math.floor(count / 2);
  if (split === 'weights') return sliceOf(set.train, 0, middle);
  return split === 'theta' ? sliceOf(set.train, middle, count) : set.train;
}

/** The images from `start` to before `end`, as a view. */
function sliceOf(source: Images, start: number, end: number): Images {
  const imageBytes = source.height * source.width * 3;
  return {
    ...source,
    images: source.images.subarray(start * imageBytes, end * imageBytes),
    labels: source.labels.subarray(start, end),
    count: end - start,
  };
}

/** Whole batches in an epoch; the images left over are others in every epoch. */
export function batchesPerEpoch(count: number, batchSize: number): number {
  if (!Number.isInteger(batchSize) || batchSize < 1 || batchSize > count) {
    throw new RangeError(`batch size ${batchSize} of ${count} images: expected 1 to ${count}`);
  }
  return Math.floor(count / batchSize);
}

/**
 * Which images of a split make the batch of an iteration, decided by the arguments alone. Every epoch goes through one
 * permutation of the images. Throws RangeError when a batch needs more images than there are.
 *
 * @param count images in the split
 * @returns `[batchSize]`, from 0 in the split
 */
export function batchIndices(
  count: number,
  batchSize: number,
  seed: number,
  split: Split,
  iteration: number,
): Uint32Array {
  const batches = batchesPerEpoch(count, batchSize);
  const start = (iteration % batches) * batchSize;
  return orderOf(count, seed, split, Math.floor(iteration / batches)).slice(start, start + batchSize);
}

/**
 * Cuts, mirrors and normalises images: `(value / 255 - mean) / std`. Padding is zero after normalisation, which is the
 * mean colour. Every image draws its own crop and mirror.
 *
 * @param indices of the images in `source`
 * @param into a batch of the same size to write to, instead of a new one
 */
export function assembleBatch(source: Images, indices: ArrayLike<number>, options: BatchOptions, into?: Batch): Batch {
  const { height, width } = source;
  const imageValues = height * width * 3;
  const batch = into ?? {
    images: new Float32Array(indices.length * imageValues),
    labels: new Int32Array(indices.length),
  };
  if (batch.images.length !== indices.length * imageValues || batch.labels.length !== indices.length) {
    throw new RangeError(
      `a batch of ${batch.labels.length} images with ${batch.images.length} values cannot take ${indices.length} images of ${height}x${width}x3`,
    );
  }
  const normalised = normalisationTable(options.mean, options.std);
  const { augmentation, random } = options;
  for (let i = 0; i < indices.length; i++) {
    const padding = augmentation?.padding ?? 0;
    const down = augmentation && padding > 0 ? random.integer(-padding, padding) : 0;
    const right = augmentation && padding > 0 ? random.integer(-padding, padding) : 0;
    const mirror = augmentation?.flip ? random.integer(0, 1) === 1 : false;
    copyImage(source, indices[i], batch.images, i * imageValues, normalised, down, right, mirror);
    batch.labels[i] = source.labels[indices[i]];
  }
  return batch;
}

/** The cut that starts `down` and `right` of the image's corner, then mirrored; what lies outside is zero. */
function copyImage(
  { images, height, width }: Images,
  index: number,
  to: Float32Array,
  offset: number,
  normalised: Float32Array,
  down: number,
  right: number,
  mirror: boolean,
): void {
  const corner = index * height * width * 3;
  let out = offset;
  for (let y = 0; y < height; y++) {
    const row = y + down;
    if (row < 0 || row >= height) {
      to.fill(0, out, out + width * 3);
      out += width * 3;
      continue;
    }
    for (let x = 0; x < width; x++) {
      const column = right + (mirror ? width - 1 - x : x);
      if (column < 0 || column >= width) {
        to[out++] = 0;
        to[out++] = 0;
        to[out++] = 0;
      } else {
        const from = corner + (row * width + column) * 3;
        to[out++] = normalised[images[from]];
        to[out++] = normalised[256 + images[from + 1]];
        to[out++] = normalised[512 + images[from + 2]];
      }
    }
  }
}

/** `[3, 256]`: the normalised value of every byte. A channel without spread only loses its mean. */
function normalisationTable(mean: readonly number[], std: readonly number[]): Float32Array {
  return Float32Array.from({ length: 3 * 256 }, (_, i) => {
    const c = i >> 8;
    return ((i & 255) / 255 - mean[c]) / (std[c] || 1);
  });
}

/** A search goes back and forth between two splits, and the next epoch of each may be drawn ahead. */
const ORDERS_KEPT = 4;

/** The permutations that were asked for last, the latest at the end. */
const lastOrders = new Map<string, Uint32Array>();

function orderOf(count: number, seed: number, split: Split, epoch: number): Uint32Array {
  const key = `${split}/${count}/${seed}/${epoch}`;
  const order = lastOrders.get(key) ?? drawPermutation(randomOf(seed, 'order', split, epoch), count);
  lastOrders.delete(key);
  lastOrders.set(key, order);
  const [oldest] = lastOrders.keys();
  if (lastOrders.size > ORDERS_KEPT) lastOrders.delete(oldest);
  return order;
}
