import {
  type CampaignSettings,
  type CheckedDatasetSpec,
  datasetNames,
  domainLimits,
  FOLDER,
  type ImageFolder,
} from '@nss/contracts';
import { blockTypes } from '@nss/space';
import { z } from 'zod';
import { oneOf, show, suggest } from './wording.ts';

/*
 * The schema of presets and overrides: the message CampaignSettings, checked. Every object is strict, because a key that
 * is silently ignored is a hyperparameter that silently keeps its default.
 */

/** A number from `min` to `max`. */
const number = (min: number, max: number) => {
  const error = expected(`a number from ${min} to ${max}`);
  return z.number({ error }).min(min, { error }).max(max, { error });
};

/** A whole number from `min` to `max`. */
const whole = (min: number, max: number) => {
  const error = expected(`a whole number from ${min} to ${max}`);
  return z.int({ error }).min(min, { error }).max(max, { error });
};

const trueOrFalse = z.boolean({ error: expected('true or false') });

/** A number from 0 to less than 1. */
const fraction = z
  .number({ error: expected('a number from 0 to less than 1') })
  .min(0, { error: expected('a number from 0 to less than 1') })
  .lt(1, { error: expected('a number from 0 to less than 1') });

const range = (max: number) =>
  section({ min: whole(1, max), max: whole(1, max) }).refine(({ min, max }) => min <= max, {
    error: ({ input }) => `expected min <= max, found ${show(input)}`,
  });

const stageSpace = section({
  stride: whole(1, domainLimits.stride),
  depth: range(domainLimits.depth),
  width: range(domainLimits.width),
  depthBinSize: whole(1, domainLimits.depth),
  widthBinSize: whole(1, domainLimits.width),
}).check((context) => {
  for (const variable of ['depth', 'width'] as const) {
    const { min, max } = context.value[variable];
    const size = context.value[`${variable}BinSize`];
    if ((max - min + 1) % size === 0) continue;
    context.issues.push({
      code: 'custom',
      path: [`${variable}BinSize`],
      input: size,
      message: `expected a divisor of the ${max - min + 1} ${variable}s from ${min} to ${max}, found ${size}`,
    });
  }
});

const sgd = section({
  learningRate: number(1e-9, 100),
  finalLearningRate: number(0, 100),
  momentum: number(0, 0.9999),
  weightDecay: number(0, 1),
  gradientClip: number(0, 1e6),
}).refine(({ learningRate, finalLearningRate }) => finalLearningRate <= learningRate, {
  path: ['finalLearningRate'],
  error: ({ input }) => {
    const { learningRate, finalLearningRate } = input as { learningRate: number; finalLearningRate: number };
    return `expected at most learningRate (${learningRate}), found ${finalLearningRate}`;
  },
});

const localSgd = section({
  trainers: whole(1, 1_000),
  stepsPerRound: whole(1, 1_000_000),
  quorum: whole(1, 1_000),
}).refine(({ trainers, quorum }) => quorum <= trainers, {
  path: ['quorum'],
  error: ({ input }) => {
    const { trainers, quorum } = input as { trainers: number; quorum: number };
    return `expected at most trainers (${trainers}), found ${quorum}`;
  },
});

const weightTraining = {
  epochs: whole(1, 100_000),
  batchSize: whole(1, 65_536),
  warmupFraction: fraction,
  sgd,
  augmentation: section({
    padding: whole(0, 32),
    flip: trueOrFalse,
  }),
};

/** Of a super network that others go on with, which several trainers can train. Also without `localSgd` it has the key, as messages have. */
const superNetworkWeights = section({ ...weightTraining, localSgd: localSgd.optional() }).transform(
  ({ localSgd, ...training }) => ({ ...training, localSgd }),
);

/** Of what one trainer trains. */
const weights = section({
  ...weightTraining,
  localSgd: z.undefined({ error: expected('nothing: one trainer does this') }).optional(),
}).transform(({ localSgd, ...training }) => ({ ...training, localSgd }));

const theta = section({
  adam: section({
    learningRate: number(1e-9, 100),
    beta1: number(0, 0.999999),
    beta2: number(0, 0.999999),
    weightDecay: number(0, 1),
  }),
  estimator: z.literal(['gumbel-softmax', 'score-function'], { error: expected('gumbel-softmax or score-function') }),
  // A score function compares draws.
  architecturesPerStep: whole(2, 10_000),
  initialTemperature: number(1e-6, 1e6),
  finalTemperature: number(1e-6, 1e6),
  lambda: number(1e-9, 1e6),
  finalLambda: number(1e-9, 1e6),
  taskLoss: trueOrFalse,
}).refine(({ initialTemperature, finalTemperature }) => finalTemperature <= initialTemperature, {
  path: ['finalTemperature'],
  error: ({ input }) => {
    const { initialTemperature, finalTemperature } = input as { initialTemperature: number; finalTemperature: number };
    return `expected at most initialTemperature (${initialTemperature}), found ${finalTemperature}`;
  },
});

/** Every draw of a search is in its result, which is one message. */
const spaceDraws = whole(1, 1_000);
const architectureDraws = whole(1, 100_000);
// The variance of one image is none.
const calibrationImages = whole(2, domainLimits.images);
const stageCount = `1 to ${domainLimits.stages} stages`;

const images = {
  // Which data set it is decides further.
  imageSize: whole(1, domainLimits.imageSide),
  trainImages: whole(0, domainLimits.images),
  testImages: whole(0, domainLimits.images),
};

/**
 * One entry a section of CampaignSettings, so that a fault in one section does not hide those of the others. The data
 * set's name is not among the settings: every campaign gives it itself.
 */
export const presetSections = {
  dataset: section(images),
  // Also without a block it has the key, as messages have.
  searchSpace: section({
    block: z.enum(blockTypes, { error: expected(oneOf(blockTypes)) }).optional(),
    stemWidth: whole(1, domainLimits.width),
    stages: z
      .array(stageSpace, { error: expected(stageCount) })
      .min(1, { error: expectedLength(stageCount) })
      .max(domainLimits.stages, { error: expectedLength(stageCount) }),
  }).transform(({ block, ...space }) => ({ ...space, block })),
  search: section({ weights: superNetworkWeights, theta, draws: spaceDraws }),
  evaluation: section({ weights: superNetworkWeights, architecturesPerSpace: whole(1, 100_000), calibrationImages }),
  nas: section({ weights, theta, draws: architectureDraws, tolerance: number(0, 1), maxDraws: architectureDraws }),
  training: section({ weights, repeats: whole(1, 1000), calibrationImages }),
};

/** The whole of CampaignSettings. */
export const settingsSchema = section({
  ...presetSections,
  dataset: section({
    name: z.enum([...datasetNames, FOLDER], { error: expected(oneOf([...datasetNames, FOLDER])) }),
    ...images,
    // Checked where it comes in.
    folder: z.custom<ImageFolder>().optional(),
  }).transform(({ folder, ...dataset }) => ({ ...dataset, folder })),
});

/** Every setting of a campaign, checked: no part is missing and every number is in its range. */
export type ResolvedSettings = z.infer<typeof settingsSchema>;

/** A preset file: the settings, and what they are for. */
export const presetSchema = section({ description: z.string(), ...presetSections });

/** Settings before they are checked against a data set and targets, as a preset file holds them. */
export type Preset = z.infer<typeof presetSchema>;

/** An object whose keys are all known; a missing or unknown key is a fault of that key. */
export function section<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  const keys = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) => {
      // One line a key: `faultsOf` splits it and gives every key its own path.
      if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(key, keys)).join('\n');
      return describeMismatch(`a mapping with ${keys.join(', ')}`, issue.input);
    },
  });
}

/** The error text of a leaf: what was expected, what was found. */
export function expected(what: string) {
  return ({ input }: { readonly input?: unknown }): string => describeMismatch(what, input);
}

function expectedLength(what: string) {
  return ({ input }: { readonly input?: unknown }): string => `expected ${what}, found ${(input as unknown[]).length}`;
}

const describeMismatch = (what: string, found: unknown) =>
  found === undefined ? `missing: expected ${what}` : `expected ${what}, found ${show(found)}`;

const unknownKey = (key: string, known: readonly string[]) =>
  `unknown key${suggest(key, known)}; expected ${oneOf(known)}`;

/** Compile-time proof that checked settings are a CampaignSettings message. */
export type SettingsAreAMessage = Assignable<ResolvedSettings, CampaignSettings>;
export type SettingsNameADataset = Assignable<ResolvedSettings['dataset'], CheckedDatasetSpec>;
type Assignable<A extends B, B> = A;
