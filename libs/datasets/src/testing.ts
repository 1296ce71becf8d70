import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { randomOf } from '@nss/space';
import sharp from 'sharp';
import { create } from 'tar';

/*
 * Images for tests that need some and not CIFAR's own: a mirror with made-up ones in CIFAR-10's form.
 */

/** Bytes of a record: the label, then three planes of 32 x 32. */
const RECORD_BYTES = 1 + 3 * 32 * 32;

/**
 * Writes a mirror (an archive and its SHA256SUMS) of made-up CIFAR-10 images into a folder, and returns the folder. Every
 * class has a pattern of its own under noise, so that a network can learn them.
 */
export async function writeSyntheticMirror(
  folder: string,
  { trainImages = 320, testImages = 160 } = {},
): Promise<string> {
  const content = join(folder, 'content', 'cifar-10-batches-bin');
  await mkdir(content, { recursive: true });
  const batch = Math.ceil(trainImages / 5);
  for (let i = 0; i < 5; i++) {
    await writeFile(
      join(content, `data_batch_${i + 1}.bin`),
      records(i * batch, Math.min(batch, trainImages - i * batch)),
    );
  }
  await writeFile(join(content, 'test_batch.bin'), records(trainImages, testImages));
  const archive = 'cifar-10-synthetic.tar.gz';
  await create({ cwd: join(folder, 'content'), file: join(folder, archive), gzip: true }, ['cifar-10-batches-bin']);
  const digest = createHash('sha256')
    .update(await readFile(join(folder, archive)))
    .digest('hex');
  await writeFile(join(folder, 'SHA256SUMS'), `${digest}  ${archive}\n`);
  return folder;
}

function records(first: number, count: number): Uint8Array {
  const bytes = new Uint8Array(count * RECORD_BYTES);
  for (let i = 0; i < count; i++) {
    const random = randomOf(0, 'synthetic-image', first + i);
    const label = (first + i) % 10;
    const start = i * RECORD_BYTES;
    bytes[start] = label;
    for (let p = 0; p < RECORD_BYTES - 1; p++) {
      const [x, y] = [p % 32, Math.floor(p / 32) % 32];
      const pattern = Math.sin((x * (1 + (label % 5)) + y * (1 + (label >> 1))) / 5);
      bytes[start + 1 + p] = Math.round(128 + 70 * pattern + 50 * (random.uniform() - 0.5));
    }
  }
  return bytes;
}

/** An image as a PNG, a square of one colour under noise. */
export async function noisyPng(side: number, colour: readonly [number, number, number], seed: number): Promise<Buffer> {
  const random = randomOf(seed, 'noisy-png');
  const pixels = Uint8Array.from({ length: side * side * 3 }, (_, i) =>
    Math.max(0, Math.min(255, Math.round(colour[i % 3] + 60 * (random.uniform() - 0.5)))),
  );
  return sharp(pixels, { raw: { width: side, height: side, channels: 3 } })
    .png()
    .toBuffer();
}

/** Writes an image folder with these classes, each of one colour under noise, so that a network can learn them. */
export async function writeImageFolder(
  folder: string,
  { classes, imagesPerClass, side = 40 }: { classes: readonly string[]; imagesPerClass: number; side?: number },
): Promise<string> {
  for (const [label, name] of classes.entries()) {
    await mkdir(join(folder, name), { recursive: true });
    const colour = [40 + 60 * (label % 4), 200 - 50 * (label % 3), 90 + 30 * label] as const;
    for (let i = 0; i < imagesPerClass; i++) {
      await writeFile(join(folder, name, `${i}.png`), await noisyPng(side, colour, label * imagesPerClass + i));
    }
  }
  return folder;
}
