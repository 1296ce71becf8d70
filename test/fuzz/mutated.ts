import fc from 'fast-check';
import { type Field, fieldsOf, type Method } from './contracts.ts';
import { fieldValue } from './hostile.ts';
import type { ValidRequests } from './valid.ts';

/* Requests that a service would grant, with at most two fields changed: they reach what lies behind the checks. */

type Message = Record<string, unknown>;

/** A field of a message, set or not, and where it lies. */
type Place = { readonly path: readonly (string | number)[]; readonly field: Field };

/** Bytes of a request that is valid but for at most two fields; undefined where no valid one is known. */
export function mutatedRequest(
  method: Method,
  { requests, texts }: ValidRequests,
): fc.Arbitrary<Uint8Array> | undefined {
  const valid = requests.get(method.path);
  if (!valid) return undefined;
  // What deletes gets no names but those in its requests: others go on with the jobs that there are.
  const known = method.name.startsWith('Delete') ? [] : texts;
  return fc.constantFrom(...valid).chain((bytes) => {
    const places = placesOf(method.requestType, method.decode(bytes) as Message);
    const change = fc
      .constantFrom(...places)
      .chain(({ path, field }) => changedValue(field, known).map((value) => ({ path, value })));
    return fc.tuple(fc.array(change, { maxLength: 2 }), fc.nat(POOL)).map(([changes, number]) => {
      const message = method.decode(bytes) as Message;
      rename(method, message, number);
      for (const { path, value } of changes) put(message, path, value);
      try {
        return method.encode(message);
      } catch {
        // Not everything fits a message: then it is as it was.
        return Buffer.from(bytes);
      }
    });
  });
}

/** Names that are made and deleted: so few that they meet. */
const POOL = 40;

/** The id of what is created and the name of what is deleted come from the pool. */
function rename(method: Method, message: Message, number: number): void {
  const creates = method.name.startsWith('Create');
  for (const { name } of fieldsOf(method.requestType)) {
    if (creates && name.endsWith('_id')) message[name] = `fuzzed-${number}`;
    if (method.name.startsWith('Delete') && name === 'name') {
      message[name] = String(message[name]).replace(/\/.*/, `/fuzzed-${number}`);
    }
  }
}

/** A hostile value, a small one, or one that is right elsewhere. */
function changedValue(field: Field, texts: readonly string[]): fc.Arbitrary<unknown> {
  const hostile = fieldValue(field, 2);
  const usual =
    field.type === 'TYPE_STRING'
      ? texts.length > 0 && fc.constantFrom(...texts)
      : /INT|DOUBLE|FLOAT/.test(field.type) && fc.integer({ min: 0, max: 64 });
  const one = usual ? fc.oneof(hostile, { weight: 2, arbitrary: usual }) : hostile;
  return field.label === 'LABEL_REPEATED' ? fc.array(one, { maxLength: 4 }) : one;
}

function placesOf(type: string, message: Message, path: readonly (string | number)[] = []): Place[] {
  return fieldsOf(type).flatMap((field): Place[] => {
    const here = [...path, field.name];
    const value = message[field.name];
    const [child, below] = Array.isArray(value) ? [value[0], [...here, 0]] : [value, here];
    const nested = field.type === 'TYPE_MESSAGE' && typeof child === 'object' && child !== null;
    return [{ path: here, field }, ...(nested ? placesOf(field.typeName, child as Message, below) : [])];
  });
}

function put(message: Message, path: readonly (string | number)[], value: unknown): void {
  const [key, ...rest] = path;
  if (rest.length === 0) message[key] = value;
  // Another change may have taken the way to it.
  else if (typeof message[key] === 'object' && message[key] !== null) put(message[key] as Message, rest, value);
}
