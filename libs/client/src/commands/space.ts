import { architectureCost, architectureParameters, certify, costRange, spaceCost } from '@nss/cost';
import {
  countArchitectures,
  depthBins,
  drawArchitecture,
  formatArchitecture,
  formatMultiplyAdds,
  formatSpace,
  type NetworkSpace,
  type Range,
  randomOf,
  sizeOf,
  wholeSpace,
  widthBins,
} from '@nss/space';
import type { Context } from '../cli/context.ts';
import { formatCount, formatDeviation, formatParameters, formatShare } from '../terminal/format.ts';
import { formatFields, formatTable } from '../terminal/table.ts';
import { type CostFrame, costFrame, readSpace, type SpaceOptions } from './search-space.ts';

type Options = SpaceOptions & { readonly json?: boolean };

/** `nss space describe`: what a space holds; without a space, the search space and its bins. */
export async function describeSpace(text: string | undefined, options: Options, context: Context): Promise<void> {
  const frame = costFrame(options);
  const { space, input } = frame;
  const described = networkSpaceOf(text, frame, context);
  const cost = costRange(space, input, described);
  const meanMultiplyAdds = spaceCost(space, input, described);
  const architectures = countArchitectures(described);
  const networkSpaces = space.stages.reduce(
    (count, stage) => count * depthBins(stage).length * widthBins(stage).length,
    1,
  );
  if (options.json) {
    context.terminal.printJson({
      text: formatSpace(described),
      ...(text ? { stages: described.stages } : { networkSpaces, searchSpace: space }),
      architectures,
      meanMultiplyAdds,
      minMultiplyAdds: cost.min,
      maxMultiplyAdds: cost.max,
      input,
    });
    return;
  }
  const { print, style } = context.terminal;
  print(style('bold', text ? formatSpace(described) : `The search space (${frame.title})`));
  print();
  for (const line of text ? stageTable(described) : searchSpaceTable(frame)) print(line);
  print();
  const inAll = architectures / countArchitectures(wholeSpace(space));
  const lines = formatFields([
    ['Network spaces', text ? undefined : formatCount(networkSpaces)],
    [
      'Architectures',
      `${formatCount(architectures)}${text && inAll <= 1 ? ` (${percentOf(inAll)} of the search space)` : ''}`,
    ],
    ['Mean cost', formatMultiplyAdds(meanMultiplyAdds)],
    ['Cost', `${formatMultiplyAdds(cost.min)} to ${formatMultiplyAdds(cost.max)}`],
    ['Of the target', frame.target ? formatShare(meanMultiplyAdds / frame.target) : undefined],
  ]);
  for (const line of lines) print(line);
}

/** `nss space sample`: architectures drawn uniformly; the same seed draws the same. */
export async function sampleSpace(
  text: string | undefined,
  options: Options & { readonly count: number; readonly seed: number },
  context: Context,
): Promise<void> {
  const frame = costFrame(options);
  const drawnFrom = networkSpaceOf(text, frame, context);
  const random = randomOf(options.seed, 'sample');
  const rows = Array.from({ length: options.count }, () => {
    const architecture = drawArchitecture(random, drawnFrom);
    const multiplyAdds = architectureCost(frame.space, frame.input, architecture);
    return {
      architecture: formatArchitecture(architecture),
      multiplyAdds,
      parameters: architectureParameters(frame.space, frame.input, architecture),
      ...(frame.target && { deviation: multiplyAdds / frame.target - 1 }),
    };
  });
  if (options.json) {
    context.terminal.printJson(rows);
    return;
  }
  const lines = formatTable(
    [
      { title: 'architecture' },
      { title: 'multiply-adds', align: 'right' },
      { title: 'parameters', align: 'right' },
      ...(frame.target ? [{ title: `from ${formatMultiplyAdds(frame.target)}`, align: 'right' } as const] : []),
    ],
    rows.map(({ architecture, multiplyAdds, parameters, deviation }) => [
      architecture,
      formatMultiplyAdds(multiplyAdds),
      formatParameters(parameters),
      ...(deviation === undefined ? [] : [formatDeviation(deviation)]),
    ]),
  );
  for (const line of lines) context.terminal.print(line);
}

/** `nss space certify`: the exact cost distribution of a space. */
export async function certifySpace(text: string | undefined, options: Options, context: Context): Promise<void> {
  const frame = costFrame(options);
  const certified = networkSpaceOf(text, frame, context);
  const certificate = certify(frame.space, frame.input, certified, frame.target);
  if (options.json) {
    context.terminal.printJson({ text: formatSpace(certified), ...certificate });
    return;
  }
  const { print, style } = context.terminal;
  const { targetMultiplyAdds: target, quantiles } = certificate;
  print(style('bold', `${formatSpace(certified)} (${frame.title})`));
  print();
  const lines = formatFields([
    [
      'Architectures',
      `${formatCount(certificate.architectures)}, ${certificate.exact ? 'every one counted' : 'sampled'}`,
    ],
    ['Mean', formatMultiplyAdds(certificate.meanMultiplyAdds)],
    [
      'Range',
      `${formatMultiplyAdds(certificate.minMultiplyAdds)} to ${formatMultiplyAdds(certificate.maxMultiplyAdds)}`,
    ],
    ...quantiles.map(
      ({ probability, multiplyAdds }) =>
        [`${probability * 100} %`, `at most ${formatMultiplyAdds(multiplyAdds)}`] as const,
    ),
    ['Target', target ? formatMultiplyAdds(target) : undefined],
    ['Mean from target', target ? formatDeviation(certificate.deviation) : undefined],
    [
      'Within 10 %',
      target
        ? `${formatShare(certificate.shareWithin10Percent)}${certificate.exact ? '' : ` +- ${formatShare(certificate.shareError)}`} of the architectures`
        : undefined,
    ],
  ]);
  for (const line of lines) print(line);
}

function networkSpaceOf(text: string | undefined, frame: CostFrame, context: Context): NetworkSpace {
  return text === undefined ? wholeSpace(frame.space) : readSpace(text, frame, context);
}

const percentOf = (share: number) =>
  share > 0 && share < 1e-4 ? `${(share * 100).toExponential(1)} %` : formatShare(share);

const formatRange = ({ min, max }: Range) => (min === max ? `${min}` : `${min}..${max}`);

function stageTable({ stages }: NetworkSpace): string[] {
  return formatTable(
    [{ title: 'stage' }, { title: 'depth', align: 'right' }, { title: 'width', align: 'right' }],
    stages.map(({ depth, width }, i) => [`${i + 1}`, formatRange(depth), formatRange(width)]),
  );
}

function searchSpaceTable({ space }: CostFrame): string[] {
  const bins = (count: number, size: number) => `${count} of ${size}`;
  return formatTable(
    [
      { title: 'stage' },
      { title: 'stride', align: 'right' },
      { title: 'depth', align: 'right' },
      { title: 'bins', align: 'right' },
      { title: 'width', align: 'right' },
      { title: 'bins', align: 'right' },
    ],
    space.stages.map((stage, i) => [
      `${i + 1}`,
      `${stage.stride}`,
      formatRange(stage.depth),
      bins(sizeOf(stage.depth) / stage.depthBinSize, stage.depthBinSize),
      formatRange(stage.width),
      bins(sizeOf(stage.width) / stage.widthBinSize, stage.widthBinSize),
    ]),
  );
}
