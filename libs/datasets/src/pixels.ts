/** Bytes in memory that threads share: images are read by more than one. */
export const sharedBytes = (length: number): Uint8Array => new Uint8Array(new SharedArrayBuffer(length));

/**
 * Brings square images to what a network is fed: `[count, size, size, 3]`; `size` is their own side, or 16 or 32.
 *
 * Images smaller than 32x32 get a zero border, one channel becomes three equal ones, and 16x16 is the mean over 2x2
 * pixels, rounded.
 *
 * @param images `[count, side, side, channels]`; returned as it is when nothing is to be done
 */
export function fitImages(images: Uint8Array, side: number, channels: 1 | 3, size: number): Uint8Array {
  if (side === size && channels === 3) return images;
  const full = side === 32 && channels === 3 ? images : padTo32(images, side, channels);
  return size === 32 ? full : halve(full);
}

/** Mean and standard deviation of every channel, in units of the full range (255), over `[count, ..., 3]`. */
export function channelStatistics(images: Uint8Array): { mean: number[]; std: number[] } {
  const histogram = new Float64Array(3 * 256);
  for (let i = 0; i < images.length; i += 3) {
    histogram[images[i]]++;
    histogram[256 + images[i + 1]]++;
    histogram[512 + images[i + 2]]++;
  }
  const count = images.length / 3;
  const moments = [0, 1, 2].map((c) => {
    let [sum, squares] = [0, 0];
    for (let value = 0; value < 256; value++) {
      sum += histogram[256 * c + value] * value;
      squares += histogram[256 * c + value] * value * value;
    }
    const mean = sum / count;
    return { mean: mean / 255, std: Math.sqrt(Math.max(squares / count - mean * mean, 0)) / 255 };
  });
  return { mean: moments.map(({ mean }) => mean), std: moments.map(({ std }) => std) };
}

function padTo32(images: Uint8Array, side: number, channels: 1 | 3): Uint8Array {
  const margin = (32 - side) / 2;
  const count = images.length / (side * side * channels);
  const padded = sharedBytes(count * 32 * 32 * 3);
  let from = 0;
  for (let i = 0; i < count; i++) {
    for (let y = 0; y < side; y++) {
      let to = ((i * 32 + y + margin) * 32 + margin) * 3;
      for (let x = 0; x < side; x++) {
        for (let c = 0; c < 3; c++) padded[to++] = images[from + (channels === 3 ? c : 0)];
        from += channels;
      }
    }
  }
  return padded;
}

function halve(images: Uint8Array): Uint8Array {
  const row = 32 * 3;
  const halved = sharedBytes(images.length / 4);
  let to = 0;
  for (let top = 0; top < images.length; top += 2 * row) {
    for (let left = top; left < top + row; left += 6) {
      for (let i = left; i < left + 3; i++) {
        halved[to++] = (images[i] + images[i + 3] + images[i + row] + images[i + row + 3] + 2) >> 2;
      }
    }
  }
  return halved;
}
