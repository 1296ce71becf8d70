import { CampaignSpec, datasetNames, FOLDER, type ImageFolder, Phase } from '@nss/contracts';
import { type Document, isAlias, isMap, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { z } from 'zod';
import { parseMultiplyAdds } from './cost-target.ts';
import { type Fault, faultsOf, formatPath, isWithin, type Path } from './fault.ts';
import { type PhaseName, phaseNames, phaseOf } from './phases.ts';
import { presetNames } from './presets.ts';
import { checkCampaign, type ResolvedCampaign } from './resolve.ts';
import { expected, section } from './schema.ts';
import { oneOf } from './wording.ts';

/** A campaign file that was read: the campaign's id, what to send to the mesh, and what that comes to. */
export type CampaignFile = {
  readonly campaignId: string;
  readonly spec: CampaignSpec;
  readonly resolved: ResolvedCampaign;
};

/** One fault of a campaign file. Lines and columns count from 1. */
export type CampaignFileFault = {
  /** Path in the file, for example `targets[1]`; empty for the file as a whole. */
  readonly field: string;
  readonly description: string;
  readonly line: number;
  readonly column: number;
};

/** A campaign file with faults, all of them. */
export class CampaignFileError extends Error {
  override readonly name = 'CampaignFileError';
  readonly fileName: string;
  readonly faults: readonly CampaignFileFault[];

  constructor(fileName: string, faults: readonly CampaignFileFault[]) {
    const lines = faults.map(({ field, description, line, column }) => {
      return `  ${fileName}:${line}:${column}  ${field ? `${field}: ` : ''}${description}`;
    });
    super(`${fileName} has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}:\n${lines.join('\n')}`);
    this.fileName = fileName;
    this.faults = faults;
  }
}

/**
 * Reads a campaign file and checks it whole, against its preset, data set and targets. Throws CampaignFileError with
 * every fault; `fileName` is for its messages only. `folder` is what was found in the image folder that the file names, if it names
 * one (see `askedImageFolder`).
 */
export function parseCampaignFile(yamlText: string, fileName: string, folder?: ImageFolder): CampaignFile {
  const lines = new LineCounter();
  if (yamlText.length > maxFileLength) {
    const description = `expected at most ${maxFileLength} characters, found ${yamlText.length}`;
    throw new CampaignFileError(fileName, [{ field: '', description, line: 1, column: 1 }]);
  }
  const document = parseDocument(yamlText, { lineCounter: lines, uniqueKeys: true, prettyErrors: false });
  const content = readContent(document, fileName, lines);
  const faults: Fault[] = [];
  const checked = fileSchema(content).safeParse(content);
  if (!checked.success) faults.push(...faultsOf(checked.error, []));

  const spec = { ...toSpec(content, faults), folder };
  const further: Fault[] = [];
  const resolved = checkCampaign(spec, further);
  // What the schema has refused is already said; the second check saw a placeholder there.
  faults.push(
    ...further.filter(({ path }) => !faults.some((fault) => isWithin(fault.path, path) || isWithin(path, fault.path))),
  );
  if (checked.success && resolved && faults.length === 0) {
    return { campaignId: checked.data.name, spec, resolved };
  }
  throw new CampaignFileError(
    fileName,
    faults
      .map(({ path, description }) => ({ field: formatPath(path), description, ...locate(document, path, lines) }))
      .sort((a, b) => a.line - b.line || a.column - b.column),
  );
}

/** An image folder that a campaign file names; the path as it stands there. */
export type AskedImageFolder = {
  readonly path: string;
  readonly split?: { readonly testShare: number; readonly seed: number };
};

/** The image folder that a campaign file names as its data set; undefined when it names none, or is too wrong to tell. */
export function askedImageFolder(yamlText: string): AskedImageFolder | undefined {
  if (yamlText.length > maxFileLength) return undefined;
  const document = parseDocument(yamlText, { uniqueKeys: true, prettyErrors: false });
  if (document.errors.length > 0) return undefined;
  const dataset = document.get('dataset');
  const asked = imageFolder.safeParse(isMap(dataset) ? dataset.toJSON() : dataset);
  if (!asked.success) return undefined;
  const { folder, split } = asked.data;
  return { path: folder, split: split && { testShare: split.test, seed: split.seed ?? 0 } };
}

/** A campaign file is a page; more is a mistake. */
const maxFileLength = 256 * 1024;

const target = z.union([z.number(), z.string()]).transform((found, context) => {
  const cost = parseMultiplyAdds(String(found));
  if (cost !== undefined) return cost;
  context.issues.push({ code: 'custom', input: found, message: expectedTarget({ input: found }) });
  return z.NEVER;
});
const expectedTarget = expected('a cost such as 8MF, 600 MF or 1.6GF');

const hours = z
  .number({ error: expected('hours, 0 for no limit') })
  .min(0, { error: expected('hours, 0 for no limit') });

const imageFolder = section({
  folder: z.string({ error: expected('the path of a folder') }).min(1, { error: expected('the path of a folder') }),
  split: section({
    test: z
      .number({ error: expected('the share of each class to hold out, such as 0.2') })
      .gt(0, { error: expected('a share above 0') })
      .lt(1, { error: expected('a share below 1') }),
    seed: z
      .int({ error: expected('a whole number') })
      .min(0, { error: expected('a whole number from 0') })
      .optional(),
  }).optional(),
});

/** A data set is a name or an image folder; its own form decides against which it is checked. */
const datasetSchema = (content: unknown) =>
  isMapping(content) && isMapping(content.dataset)
    ? imageFolder
    : z.enum(datasetNames, { error: expected(`${oneOf(datasetNames)}, or { folder: PATH }`) });

const isMapping = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const fileSchema = (content: unknown) =>
  section({
    name: z.string({ error: expected('the id of the campaign') }).regex(/^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/, {
      error: expected(
        '1 to 63 lower-case letters, digits and hyphens, starting with a letter and not ending with a hyphen',
      ),
    }),
    dataset: datasetSchema(content),
    preset: z.enum(presetNames, { error: expected(oneOf(presetNames)) }),
    targets: z.array(target, { error: expected('a list of costs such as [8MF, 1.6GF]') }),
    seeds: z
      .array(z.number({ error: expected('a whole number') }), { error: expected('a list of whole numbers') })
      .optional(),
    phases: z
      .array(z.enum(phaseNames, { error: expected(oneOf(phaseNames)) }), { error: expected('a list of phases') })
      .optional(),
    budget: section({ maxWallClockHours: hours.optional(), maxTrainerHours: hours.optional() }).optional(),
    overrides: z
      .record(z.string(), z.unknown(), { error: expected('a mapping of settings, in the form of a preset file') })
      .optional(),
  });

/** The document as plain data. Throws CampaignFileError for what is no YAML, or YAML that no honest file holds. */
function readContent(document: Document.Parsed, fileName: string, lines: LineCounter): unknown {
  const faults = [...document.errors, ...document.warnings].map(({ message, pos }) => ({
    field: '',
    description: `is not valid YAML: ${message}`,
    ...positionAt(lines, pos[0]),
  }));
  if (faults.length > 0) throw new CampaignFileError(fileName, faults);
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    // Only aliases can fail here: unresolved ones and those that would blow the file up.
    const description = `is refused: ${error instanceof Error ? error.message : String(error)}`;
    throw new CampaignFileError(fileName, [{ field: '', description, line: 1, column: 1 }]);
  }
}

/** The spec that the sound parts of a file make; a part with a fault is replaced by what keeps the others' indices. */
function toSpec(content: unknown, faults: readonly Fault[]): CampaignSpec {
  const found = (typeof content === 'object' && content !== null ? content : {}) as Record<string, unknown>;
  const isSound = (...path: Path) => !faults.some((fault) => isWithin(path, fault.path));
  const text = (key: string) => (isSound(key) ? String(found[key]) : '');
  const list = <T>(key: string, read: (value: unknown) => T, placeholder: T): T[] => {
    const entries = Array.isArray(found[key]) ? found[key] : [];
    return entries.map((entry, i) => (isSound(key, i) ? read(entry) : placeholder));
  };
  const budget = found.budget as { maxWallClockHours?: number; maxTrainerHours?: number } | undefined;
  return CampaignSpec.create({
    dataset: isMapping(found.dataset) && isSound('dataset') ? FOLDER : text('dataset'),
    preset: text('preset'),
    targetsMultiplyAdds: list('targets', (value) => parseMultiplyAdds(String(value)) ?? Number.NaN, Number.NaN),
    seeds: list('seeds', Number, Number.NaN),
    phases: list('phases', (name) => phaseOf(name as PhaseName), Phase.UNSPECIFIED),
    budget: isSound('budget') && budget ? { maxWallClockHours: 0, maxTrainerHours: 0, ...budget } : undefined,
    overrides: isSound('overrides') ? (found.overrides as Record<string, unknown> | undefined) : undefined,
  });
}

/** Where a path stands in the file: its key or list entry, else the closest thing around it that is there. */
function locate(document: Document.Parsed, path: Path, lines: LineCounter): { line: number; column: number } {
  let node: Node | null = document.contents;
  let offset = node?.range?.[0] ?? 0;
  for (const part of path) {
    if (isAlias(node)) node = node.resolve(document) ?? null;
    if (isMap<Node, Node | null>(node)) {
      const pair = node.items.find(({ key }) => 'value' in key && String(key.value) === part);
      if (!pair) break;
      offset = pair.key.range?.[0] ?? offset;
      node = pair.value;
    } else if (isSeq<Node>(node) && typeof part === 'number' && node.items[part]) {
      node = node.items[part];
      offset = node.range?.[0] ?? offset;
    } else break;
  }
  return positionAt(lines, offset);
}

function positionAt(lines: LineCounter, offset: number): { line: number; column: number } {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}
