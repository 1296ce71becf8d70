import { invalidArgument, resourceExhausted } from '@nss/rpc';
import {
  type Architecture,
  countArchitectures,
  drawArchitecture,
  formatArchitecture,
  formatSpace,
  type NetworkSpace,
  randomOf,
} from '@nss/space';

/** What a platform asks for, and what it tells of what it was given before. */
export type Asked = {
  /** Name of the experiment: decides the order in which the architectures of the space are suggested. */
  readonly experiment: string;
  readonly space: NetworkSpace;
  /** Architectures to suggest. */
  readonly count: number;
  /** Architectures suggested before. */
  readonly handedOut: number;
  /** Text forms of architectures that have a trial. */
  readonly tried: ReadonlySet<string>;
  /** Text forms of those that failed; undefined where the platform does not tell: then nothing is suggested twice. */
  readonly failed: ReadonlySet<string> | undefined;
};

/** Architectures that an experiment gets at most: to find the next ones, those before are drawn again. */
export const maxSuggestions = 100_000;

/**
 * The next architectures of an experiment. They follow from the question alone, so that any replica gives them, and the same ones when
 * it is asked again. None is suggested twice while there are others; then those that did not fail come again, in the same
 * order. Throws RESOURCE_EXHAUSTED when none is left, INVALID_ARGUMENT for a count that no experiment gets to.
 */
export function suggestArchitectures({ experiment, space, count, handedOut, tried, failed }: Asked): Architecture[] {
  if (count < 0 || handedOut + count > maxSuggestions) {
    const description = `expected 0 to ${maxSuggestions} architectures an experiment, found ${count} after ${handedOut}`;
    throw invalidArgument([{ field: 'count', description }]);
  }
  const suggested: Architecture[] = [];
  let position = 0;
  if (count === 0) return suggested;
  for (const architecture of everyArchitecture(experiment, space)) {
    if (position++ < handedOut || tried.has(formatArchitecture(architecture))) continue;
    if (suggested.push(architecture) === count) return suggested;
  }
  const again =
    failed && [...everyArchitecture(experiment, space)].filter((each) => !failed.has(formatArchitecture(each)));
  if (!again?.length) {
    const all = `all ${countArchitectures(space)} architectures of the space ${formatSpace(space)}`;
    const message = failed ? `${all} have failed` : `${all} have been suggested; search in a larger one`;
    throw resourceExhausted(message, { reason: 'SPACE_EXHAUSTED' });
  }
  for (let i = handedOut; suggested.length < count; i++) suggested.push(again[i % again.length]);
  return suggested;
}

/** Every architecture of a space once, in the order of uniform draws. */
function* everyArchitecture(experiment: string, space: NetworkSpace): Generator<Architecture> {
  const random = randomOf(0, 'suggestions', experiment);
  const seen = new Set<string>();
  const count = countArchitectures(space);
  while (seen.size < count) {
    const architecture = drawArchitecture(random, space);
    const text = formatArchitecture(architecture);
    if (seen.has(text)) continue;
    seen.add(text);
    yield architecture;
  }
}
