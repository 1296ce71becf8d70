import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type JobKind, jobKinds } from '@nss/job-apis';
import { parse } from 'yaml';
import { z } from 'zod';

/** What a trainer computes on; see devices.yaml. */
export type Device = {
  readonly title: string;
  readonly source: string;
  readonly multiplyAddsPerSecond: Readonly<Record<JobKind, number>>;
  readonly secondsPerConvolution: number;
  readonly sessionSeconds: number;
  readonly storeBytesPerSecond: number;
};

// YAML takes 39e9, without a dot, for a text.
const positive = z.coerce.number().positive();
const ofKinds = Object.fromEntries(jobKinds.map((kind) => [kind, positive])) as Record<JobKind, typeof positive>;
const schema = z.record(
  z.string(),
  z.strictObject({
    title: z.string(),
    source: z.string(),
    multiplyAddsPerSecond: z.union([z.strictObject(ofKinds), positive.transform(sameRate)]),
    secondsPerConvolution: z.coerce.number().nonnegative(),
    sessionSeconds: z.coerce.number().nonnegative(),
    storeBytesPerSecond: positive,
  }),
);

export const devicesFile = join(import.meta.dirname, 'devices.yaml');

function sameRate(rate: number): Record<JobKind, number> {
  return Object.fromEntries(jobKinds.map((kind) => [kind, rate])) as Record<JobKind, number>;
}

/** The devices of a file, by name. Throws when it does not hold what it should. */
export function readDevices(file = devicesFile): ReadonlyMap<string, Device> {
  return new Map(Object.entries(schema.parse(parse(readFileSync(file, 'utf8')))));
}

/** A device that knows nothing but multiply-adds a second. */
export const plainDevice = (multiplyAddsPerSecond: number): Device => ({
  title: 'plain',
  source: 'none',
  multiplyAddsPerSecond: sameRate(multiplyAddsPerSecond),
  secondsPerConvolution: 0,
  sessionSeconds: 0,
  storeBytesPerSecond: Number.POSITIVE_INFINITY,
});

/** The device with other numbers: its rate times `rate`, its least time of a convolution times `convolution`. */
export function scaledDevice(device: Device, { rate = 1, convolution = 1 }): Device {
  const rates = Object.entries(device.multiplyAddsPerSecond).map(([kind, each]) => [kind, each * rate]);
  return {
    ...device,
    multiplyAddsPerSecond: Object.fromEntries(rates),
    secondsPerConvolution: device.secondsPerConvolution * convolution,
  };
}
