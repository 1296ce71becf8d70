import { blockOf, formatSpace } from '@nss/space';
import { costOf, type ExportedSpace } from './exported-space.ts';

/** What Python files of a space begin with, after their imports: its numbers, and what a network costs. */
export function pythonFrame(exported: ExportedSpace): string {
  const { space, searchSpace, input, targetMultiplyAdds } = exported;
  const pairs = (variable: 'depth' | 'width') =>
    space.stages.map((stage) => `(${stage[variable].min}, ${stage[variable].max})`).join(', ');
  const { kernels, strided } = blockOf(searchSpace);
  const target = targetMultiplyAdds ?? costOf(exported).mean;
  const why = targetMultiplyAdds ? 'the target' : 'the mean of the space';
  return `# Per stage: blocks and channels (smallest, largest), and the stride of the first block.
DEPTHS = [${pairs('depth')}]
WIDTHS = [${pairs('width')}]
STRIDES = [${searchSpace.stages.map(({ stride }) => stride).join(', ')}]
STEM_WIDTH = ${searchSpace.stemWidth}
# Kernel sizes of the convolutions of a block, and which of them has the stride.
KERNELS, STRIDED = [${kernels.join(', ')}], ${strided}
HEIGHT, WIDTH, CHANNELS, CLASSES = ${input.height}, ${input.width}, ${input.channels}, ${input.classes}
TARGET = ${target}  # multiply-adds: ${why}


def multiply_adds(network):
    """Cost of [(depth, width), ...]: 3x3 stem, residual blocks of convolutions, the first of a stage with a 1x1 projection."""
    rows, columns, before = HEIGHT, WIDTH, STEM_WIDTH
    total = 9 * CHANNELS * STEM_WIDTH * rows * columns
    for (depth, width), stride in zip(network, STRIDES):
        projection = before * width
        for block in range(depth):
            for i, kernel in enumerate(KERNELS):
                if block == 0 and i == STRIDED:
                    rows, columns = -(-rows // stride), -(-columns // stride)
                total += kernel**2 * before * width * rows * columns
                before = width
        total += projection * rows * columns
    return total + before * CLASSES + CLASSES


def text(network):
    return "-".join(f"{depth}x{width}" for depth, width in network)
`;
}

/** First line of a Python file: what it is. */
export function pythonTitle(what: string, { space, source }: ExportedSpace): string {
  return `"""${what} of the network space ${formatSpace(space)}${source ? ` (${source})` : ''}, exported by Network Space Search."""`;
}
