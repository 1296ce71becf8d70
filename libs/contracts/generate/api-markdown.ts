import {
  type DescEnum,
  type DescField,
  type DescFile,
  type DescMessage,
  type DescMethod,
  type DescService,
  ScalarType,
} from '@bufbuild/protobuf';
import { getComments, getPackageComments } from '@bufbuild/protoplugin';

/**
 * The API in Markdown: what the contracts' comments say, a section a file, the services first. Types link to their sections.
 *
 * @param files of one package, in the order of the sections.
 */
export function apiMarkdown(files: readonly DescFile[]): string {
  const sections = [...files].sort((a, b) => Number(b.services.length > 0) - Number(a.services.length > 0));
  const rules = files.map((file) => paragraphs(getPackageComments(file).leading)).filter(Boolean);
  return `${[PREFACE, ...rules, contents(sections), ...sections.map(section)].join('\n\n')}\n`;
}

const PREFACE = `# The API

<!-- Written by \`npm run generate\` from the comments in proto/nss/v1: change those. -->

What the mesh answers to, as \`proto/nss/v1\` says it. How to call it, with examples that run: [integrations.md](integrations.md#call-the-mesh).`;

function contents(files: readonly DescFile[]): string {
  const lines = files.map((file) => {
    const services = file.services.map(link);
    return `- [${fileTitle(file)}](#${anchor(fileTitle(file))})${services.length > 0 ? `: ${services.join(', ')}` : ''}`;
  });
  return lines.join('\n');
}

function section(file: DescFile): string {
  const parts = [
    `## ${fileTitle(file)}`,
    ...file.services.map(serviceSection),
    ...file.messages.map(messageSection),
    ...file.enums.map(enumSection),
  ];
  return parts.join('\n\n');
}

function serviceSection(service: DescService): string {
  const rows = service.methods.map((method) => [
    `\`${method.name}\``,
    `${stream(method, 'client')}${link(method.input)}`,
    `${stream(method, 'server')}${link(method.output)}`,
    commentOf(method),
  ]);
  return [heading(service), prose(commentOf(service)), table(['method', 'takes', 'gives', ''], rows)].join('\n\n');
}

function messageSection(message: DescMessage): string {
  const rows = message.fields.map((field) => [
    `\`${field.name}\``,
    typeOf(field),
    String(field.number),
    [field.oneof && `One of \`${field.oneof.name}\`.`, commentOf(field)].filter(Boolean).join(' '),
  ]);
  const fields = rows.length > 0 ? table(['field', 'type', 'number', ''], rows) : 'No fields.';
  return [heading(message), prose(commentOf(message)), fields].filter(Boolean).join('\n\n');
}

function enumSection(found: DescEnum): string {
  const rows = found.values.map((value) => [`\`${value.name}\``, String(value.number), commentOf(value)]);
  return [heading(found), prose(commentOf(found)), table(['value', 'number', ''], rows)].filter(Boolean).join('\n\n');
}

function typeOf(field: DescField): string {
  if (field.fieldKind === 'map') return `map of ${ScalarType[field.mapKey].toLowerCase()} to ${elementOf(field)}`;
  return field.fieldKind === 'list' ? `${elementOf(field)}, repeated` : elementOf(field);
}

/** The type of a field, or of one element of it. */
function elementOf(field: DescField): string {
  if (field.message) return link(field.message);
  if (field.enum) return link(field.enum);
  return field.scalar === undefined ? '' : ScalarType[field.scalar].toLowerCase();
}

function stream({ methodKind }: DescMethod, side: 'client' | 'server'): string {
  return methodKind === 'bidi_streaming' || methodKind === `${side}_streaming` ? 'stream of ' : '';
}

/** A link to the section of what is described here, else its full name. */
function link(found: DescMessage | DescEnum | DescService): string {
  return found.typeName.startsWith('nss.') ? `[${found.name}](#${anchor(found.name)})` : `\`${found.typeName}\``;
}

const fileTitle = ({ name }: DescFile) => `${name}.proto`;
const heading = ({ name }: { name: string }) => `### ${name}`;
/** As GitHub makes it of a heading. */
const anchor = (title: string) => title.toLowerCase().replace(/[^\w-]/g, '');

function commentOf(found: Parameters<typeof getComments>[0]): string {
  return prose(getComments(found).leading);
}

/** A comment with its paragraphs and lists. */
function paragraphs(comment: string | undefined): string {
  return (comment ?? '').replace(/^ /gm, '').trim();
}

/** A comment as one paragraph. */
function prose(comment: string | undefined): string {
  return (comment ?? '').trim().replace(/\s+/g, ' ');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
