import { invalidArgument } from './errors.ts';

/*
 * The one module that knows how resource names are written: `<collection>/<id>` (AIP-122), and artifacts below them,
 * `<collection>/<id>/<file>`.
 */

/** The collections of job resources, as they are written in names. */
export const COLLECTIONS = [
  'campaigns',
  'warmups',
  'searches',
  'superNetworks',
  'evaluations',
  'nasRuns',
  'trainings',
] as const;

export type Collection = (typeof COLLECTIONS)[number];

/** What an id may be, in words for an error message. */
export const ID_RULE =
  'expected 1 to 63 lower-case letters, digits and hyphens, beginning with a letter and not ending with a hyphen';

const ID = /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;
const FILE = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

/** Whether the text can be the last segment of a resource name. */
export function isResourceId(text: string): boolean {
  return ID.test(text);
}

/** The id itself, checked. Throws INVALID_ARGUMENT for `field`, for example `campaign_id`. */
export function parseId(field: string, id: string): string {
  if (isResourceId(id)) return id;
  throw invalidArgument([{ field, description: `${ID_RULE}, found ${quote(id)}` }]);
}

/** `<collection>/<id>`. */
export function resourceName(collection: Collection, id: string): string {
  return `${collection}/${id}`;
}

export const campaignName = (campaignId: string): string => resourceName('campaigns', campaignId);
export const warmupName = (warmupId: string): string => resourceName('warmups', warmupId);
export const searchName = (searchId: string): string => resourceName('searches', searchId);
export const superNetworkName = (superNetworkId: string): string => resourceName('superNetworks', superNetworkId);
export const evaluationName = (evaluationId: string): string => resourceName('evaluations', evaluationId);
export const nasRunName = (nasRunId: string): string => resourceName('nasRuns', nasRunId);
export const trainingName = (trainingId: string): string => resourceName('trainings', trainingId);

/** `<collection>/<id>/<file>`, for example `campaigns/quickstart/report.html`. */
export function artifactName(collection: Collection, id: string, file: string): string {
  return `${resourceName(collection, id)}/${file}`;
}

/** Whether the text is a name of this collection. */
export function isNameOf(collection: Collection, text: string): boolean {
  return text.startsWith(`${collection}/`) && isResourceId(text.slice(collection.length + 1));
}

/** The id in a name of this collection. Throws INVALID_ARGUMENT for `field`. */
export function parseName(collection: Collection, name: string, field = 'name'): string {
  if (isNameOf(collection, name)) return name.slice(collection.length + 1);
  throw nameViolation(field, `${collection}/{id}`, name);
}

/** Collection and id of a job resource of any kind. Throws INVALID_ARGUMENT for `field`. */
export function parseResourceName(name: string, field = 'name'): { collection: Collection; id: string } {
  const collection = COLLECTIONS.find((each) => name.startsWith(`${each}/`));
  if (collection === undefined) throw nameViolation(field, `one of ${COLLECTIONS.join(', ')} and an id`, name);
  return { collection, id: parseName(collection, name, field) };
}

/** Whether the text can be the file in the name of an artifact. */
export function isFileName(text: string): boolean {
  return FILE.test(text);
}

/** The parts of an artifact's name. Throws INVALID_ARGUMENT for `field`. */
export function parseArtifactName(name: string, field = 'name'): { collection: Collection; id: string; file: string } {
  const end = name.lastIndexOf('/');
  const file = name.slice(end + 1);
  if (end < 0 || !isFileName(file)) throw nameViolation(field, '{collection}/{id}/{file}', name);
  return { ...parseResourceName(name.slice(0, end), field), file };
}

function nameViolation(field: string, expected: string, name: string) {
  return invalidArgument([{ field, description: `expected ${expected}, found ${quote(name)}; ids: ${ID_RULE}` }]);
}

/** Quoted for a message, whatever it holds and however long it is. */
function quote(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}...` : text);
}
