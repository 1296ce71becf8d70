import { inputShapeOf, isPresetName, parseMultiplyAdds, presetNames, presetOf } from '@nss/campaign';
import { datasetNames, domainLimits } from '@nss/contracts';
import {
  type Architecture,
  containsArchitecture,
  containsSpace,
  type InputShape,
  largestArchitecture,
  type NetworkSpace,
  parseArchitecture,
  parseSpace,
  type SearchSpace,
  SpaceSyntaxError,
  wholeSpace,
} from '@nss/space';
import { type Context, UsageError } from '../cli/context.ts';

/** Options of the commands that compute costs without a mesh. */
export type SpaceOptions = { readonly preset: string; readonly dataset: string; readonly target?: string };

/** What costs depend on. */
export type CostFrame = {
  readonly space: SearchSpace;
  readonly input: InputShape;
  /** Multiply-adds. */
  readonly target?: number;
  /** For messages: `preset paper, cifar10, 32x32 pixels`. */
  readonly title: string;
};

/** The search space and the images that the options name. Throws UsageError. */
export function costFrame({ preset, dataset, target }: SpaceOptions): CostFrame {
  if (!isPresetName(preset)) throw new UsageError(`there is no preset "${preset}"; use ${presetNames.join(', ')}`);
  const name = datasetNames.find((known) => known === dataset);
  if (!name) throw new UsageError(`there is no data set "${dataset}"; use ${datasetNames.join(', ')}`);
  const { dataset: images, searchSpace } = presetOf(preset);
  const cost = target === undefined ? undefined : parseMultiplyAdds(target);
  if (target !== undefined && cost === undefined) {
    throw new UsageError(`"${target}" is no cost: expected multiply-adds such as 8MF, 600MF or 1.6GF`);
  }
  return {
    space: searchSpace,
    input: inputShapeOf({ name, imageSize: images.imageSize }),
    target: cost,
    title: `preset ${preset}, ${name}, ${images.imageSize}x${images.imageSize} pixels`,
  };
}

/** Reads `2x16-3x32-4x64`, with a note when it is outside the search space. Throws UsageError. */
export function readArchitecture(text: string, frame: CostFrame, context: Context): Architecture {
  const architecture = withUsageError(() => parseArchitecture(text));
  checkFits(text, architecture, frame);
  if (!containsArchitecture(wholeSpace(frame.space), architecture)) {
    context.terminal.note(`note: ${text} is outside the search space (${frame.title})`);
  }
  return architecture;
}

/** Reads `1..4x33..64-5..8x1..32-...`, with a note when it is not inside the search space. Throws UsageError. */
export function readSpace(text: string, frame: CostFrame, context: Context): NetworkSpace {
  const space = withUsageError(() => parseSpace(text));
  checkFits(text, largestArchitecture(space), frame);
  if (!containsSpace(wholeSpace(frame.space), space)) {
    context.terminal.note(`note: ${text} is not inside the search space (${frame.title})`);
  }
  return space;
}

function checkFits(text: string, largest: Architecture, { space, title }: CostFrame): void {
  if (largest.stages.length !== space.stages.length) {
    const expected = `${space.stages.length} stages, as many as the search space has (${title})`;
    throw new UsageError(`"${text}" has ${largest.stages.length} stages; expected ${expected}`);
  }
  largest.stages.forEach(({ depth, width }, i) => {
    if (depth <= domainLimits.depth && width <= domainLimits.width) return;
    const limits = `depth 1 to ${domainLimits.depth} and width 1 to ${domainLimits.width}`;
    throw new UsageError(`"${text}": stage ${i + 1} is ${depth}x${width}; expected ${limits}`);
  });
}

function withUsageError<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof SpaceSyntaxError) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}
