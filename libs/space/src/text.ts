import type { Architecture, NetworkSpace, Range } from './space.ts';

/** A text that is no architecture or no space; the message says what was expected. */
export class SpaceSyntaxError extends Error {
  override readonly name = 'SpaceSyntaxError';
}

/** Writes an architecture as depth x width per stage, for example `2x16-3x32-4x64`. */
export function formatArchitecture(architecture: Architecture): string {
  return architecture.stages.map(({ depth, width }) => `${depth}x${width}`).join('-');
}

/** Reads `2x16-3x32-4x64`. Throws SpaceSyntaxError. */
export function parseArchitecture(text: string): Architecture {
  return {
    stages: text.split('-').map((part, i) => {
      const match = /^(\d{1,6})x(\d{1,6})$/.exec(part.trim());
      if (!match || match[1] === '0' || match[2] === '0') {
        throw new SpaceSyntaxError(
          `"${text}" is no architecture: stage ${i + 1} is "${part}", expected DEPTHxWIDTH as in 2x16-3x32-4x64`,
        );
      }
      return { depth: Number(match[1]), width: Number(match[2]) };
    }),
  };
}

/** Writes a network space as depth range x width range per stage, for example `1..4x33..64-5..8x1..32-1..4x1..32`. */
export function formatSpace(space: NetworkSpace): string {
  return space.stages.map(({ depth, width }) => `${formatRange(depth)}x${formatRange(width)}`).join('-');
}

/** Reads `1..4x33..64-5..8x1..32-1..4x1..32`; a single number stands for a range of one. Throws SpaceSyntaxError. */
export function parseSpace(text: string): NetworkSpace {
  return {
    stages: text.split('-').map((part, i) => {
      const match = /^(\d{1,6})(?:\.\.(\d{1,6}))?x(\d{1,6})(?:\.\.(\d{1,6}))?$/.exec(part.trim());
      const depth = match && toRange(match[1], match[2]);
      const width = match && toRange(match[3], match[4]);
      if (!depth || !width) {
        throw new SpaceSyntaxError(
          `"${text}" is no network space: stage ${i + 1} is "${part}", expected MIN..MAXxMIN..MAX (depths x widths, smallest first, from 1) as in 1..4x33..64-5..8x1..32-1..4x1..32`,
        );
      }
      return { depth, width };
    }),
  };
}

const formatRange = ({ min, max }: Range) => `${min}..${max}`;

function toRange(min: string, max = min): Range | undefined {
  const range = { min: Number(min), max: Number(max) };
  return range.min >= 1 && range.min <= range.max ? range : undefined;
}
