import { type BlockType, blockTypes, formatSpace } from '@nss/space';
import { z } from 'zod';
import { costOf, type ExportedSpace } from './exported-space.ts';

/*
 * The form of a space for programs. The version in `schema` grows when a reader of the form before would misread the new one; new
 * keys do not make a new version, so readers ignore keys that they do not know.
 */

/** Name of a type of block in a space file. */
const blockName = <Type extends BlockType>(type: Type) => `${type}-residual` as const;

const whole = z.int().min(1);
const range = z
  .object({ min: whole, max: whole })
  .refine(({ min, max }) => min <= max, { error: 'expected min <= max' });
const multiplyAdds = z.number().positive().describe('multiply-adds');

/** A space file, version 1. */
export const spaceFileSchema = z
  .object({
    schema: z.literal('nss.space/v1'),
    text: z.string().describe('depths x widths of each stage, for example 1..4x33..64-5..8x1..32'),
    block: z
      .enum(blockTypes.map(blockName))
      .describe(
        'basic-residual: conv3x3-BN-ReLU-conv3x3-BN, plus the shortcut, ReLU; bottleneck-residual: conv1x1-BN-ReLU-conv3x3-BN-ReLU-conv1x1-BN, all as wide as the stage, the stride on the 3x3, plus the shortcut, ReLU',
      ),
    stemWidth: whole.describe('channels of the 3x3 stem convolution, stride 1'),
    stages: z
      .array(
        z.object({
          stride: whole.describe('of the first block, which projects its shortcut by a 1x1 convolution'),
          depth: range.describe('blocks'),
          width: range.describe('channels'),
        }),
      )
      .min(1),
    input: z.object({ height: whole, width: whole, channels: whole, classes: whole }),
    cost: z.object({ mean: multiplyAdds, min: multiplyAdds, max: multiplyAdds }),
    target: multiplyAdds.optional(),
    source: z.string().optional(),
  })
  .describe('A network space of Network Space Search');

export type SpaceFile = z.infer<typeof spaceFileSchema>;

/** The space as JSON, with a new line at the end. */
export function toSpaceFile(exported: ExportedSpace): string {
  const { space, searchSpace, input, targetMultiplyAdds, source } = exported;
  const file: SpaceFile = {
    schema: 'nss.space/v1',
    text: formatSpace(space),
    block: blockName(searchSpace.block ?? 'basic'),
    stemWidth: searchSpace.stemWidth,
    stages: space.stages.map(({ depth, width }, i) => ({ stride: searchSpace.stages[i].stride, depth, width })),
    input,
    cost: costOf(exported),
    target: targetMultiplyAdds,
    source,
  };
  return `${JSON.stringify(file, undefined, 2)}\n`;
}
