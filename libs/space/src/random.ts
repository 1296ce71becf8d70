import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';

/** A stream of random numbers. */
export type Random = {
  /** Uniform in [0, 1). */
  uniform(): number;
  /** Uniform whole number in [min, max]. */
  integer(min: number, max: number): number;
};

/**
 * The stream that belongs to a seed and a path, for example `randomOf(seed, 'theta', iteration)`. Streams of different
 * paths are independent, and nothing else decides what a stream gives: a run resumed from a checkpoint draws what the
 * uninterrupted run drew (method section 4).
 */
export function randomOf(seed: number, ...path: (string | number)[]): Random {
  const generator = xoroshiro128plusFromState(hash128([seed, ...path].join('/')));
  return {
    uniform: () => uniformFloat64(generator),
    integer: (min, max) => uniformInt(generator, min, max),
  };
}

/** Standard normal, by Box and Muller. */
export function drawNormal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform());
}

/** Standard Gumbel: -log(-log u), finite for every u drawn. */
export function drawGumbel(random: Random): number {
  return -Math.log(-Math.log(random.uniform() + Number.MIN_VALUE));
}

/** Index drawn with the given probabilities (which sum to one). */
export function drawIndex(random: Random, probabilities: ArrayLike<number>): number {
  let left = random.uniform();
  for (let i = 0; i < probabilities.length - 1; i++) {
    left -= probabilities[i];
    if (left < 0) return i;
  }
  return probabilities.length - 1;
}

/** The numbers 0 .. n-1 in random order (Fisher-Yates). */
export function drawPermutation(random: Random, n: number): Uint32Array {
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = random.integer(0, i);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

/** 128-bit non-cryptographic string hash (cyrb128, public domain, after MurmurHash3's mixing). */
function hash128(text: string): [number, number, number, number] {
  let [a, b, c, d] = [1779033703, 3144134277, 1013904242, 2773480762];
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = b ^ Math.imul(a ^ code, 597399067);
    b = c ^ Math.imul(b ^ code, 2869860233);
    c = d ^ Math.imul(c ^ code, 951274213);
    d = a ^ Math.imul(d ^ code, 2716044179);
  }
  a = Math.imul(c ^ (a >>> 18), 597399067);
  b = Math.imul(d ^ (b >>> 22), 2869860233);
  c = Math.imul(a ^ (c >>> 17), 951274213);
  d = Math.imul(b ^ (d >>> 19), 2716044179);
  const mixed = a ^ b ^ c ^ d;
  return [mixed | 0, (b ^ mixed) | 0, (c ^ mixed) | 0, (d ^ mixed) | 0 || 1];
}
