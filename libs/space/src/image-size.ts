/** Sides of the square images that networks can be fed, in pixels. */
export type ImageSizes = {
  readonly has: (side: number) => boolean;
  /** For messages: `16 or 32`. */
  readonly expected: string;
};

const [min, max, step] = [8, 224, 4];

export const imageSizes = {
  /** Of published data sets: as they come, or the mean over 2x2 pixels. */
  published: { has: (side) => side === 16 || side === 32, expected: '16 or 32' },
  /** Of a user's own images, which are resized. */
  folder: {
    has: (side) => side >= min && side <= max && side % step === 0,
    expected: `a multiple of ${step} from ${min} to ${max}`,
  },
} as const satisfies Record<string, ImageSizes>;
