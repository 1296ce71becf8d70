import fc from 'fast-check';
import { type Field, fieldsOf, type Method } from './contracts.ts';

/* Messages that nobody sends by mistake: random bytes, and valid ones with values at and over every edge. */

const COLLECTIONS = ['campaigns', 'warmups', 'searches', 'superNetworks', 'evaluations', 'nasRuns', 'trainings'];

/** A YAML document that would be a thousand million strings if aliases were followed. */
const BOMB = ['a: &a [x,x,x,x,x,x,x,x,x,x]', ...'bcdefghi'].reduce(
  (text, key, i) => `${text}\n${key}: &${key} [${`*${'abcdefgh'[i - 1]},`.repeat(9)}*${'abcdefgh'[i - 1]}]`,
);

/** Names that lead elsewhere if they are taken for paths, subjects, keys or markup, and documents that blow up. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    '',
    '.',
    '..',
    '../../../etc/passwd',
    'campaigns/../searches/a',
    'campaigns/a/../../secret',
    'campaigns/%2e%2e%2fa',
    'campaigns/a=b',
    'acme=campaigns/a',
    'campaigns/>',
    'searches/*',
    'nss.v1.>',
    '$KV.nss-campaigns.a',
    '$JS.API.STREAM.DELETE.NSS_JOBS',
    '_INBOX.>',
    'a b',
    'a\r\nNss-Reason: forged',
    'a\u0000b',
    '\ud800',
    '__proto__',
    'constructor',
    '{"__proto__":{"x":1}}',
    '<script>alert(1)</script>',
    "'; DROP TABLE jobs; --",
    BOMB,
    'campaigns/'.repeat(200),
  ),
  fc.tuple(fc.constantFrom(...COLLECTIONS), fc.string()).map((parts) => parts.join('/')),
  fc.tuple(fc.constantFrom(...COLLECTIONS), fc.constantFrom('none', 'nobody', 'a-b')).map((parts) => parts.join('/')),
  fc.string({ unit: 'binary', maxLength: 300 }),
);

const reals = fc.oneof(
  fc.constantFrom(0, -0, 1, -1, 1e-308, 1e308, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e9),
  fc.double(),
);
const integers = fc.oneof(
  fc.constantFrom(0, 1, -1, 2 ** 31 - 1, -(2 ** 31), Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER),
  fc.maxSafeInteger(),
);

/** A Struct whose values are structs, as deep as a request may have it: one in each, or it would double with every level. */
const deepStruct = fc
  .tuple(fc.integer({ min: 1, max: 60 }), fc.constantFrom('__proto__', 'constructor', 'search', 'a.b'))
  .map(([depth, key]) => {
    let value: object = { stringValue: BOMB };
    for (let i = 0; i < depth; i++) value = { structValue: { fields: Object.fromEntries([[key, value]]) } };
    return { fields: { search: value, overrides: { numberValue: Number.NaN } } };
  });

const DEEPEST = 4;

/** Hostile values of a field; of one of its values, where it has many. */
export function fieldValue({ type, typeName }: Field, depth: number): fc.Arbitrary<unknown> {
  switch (type) {
    case 'TYPE_STRING':
      // Rare, for what it weighs: a message may hold dozens of texts.
      return fc.oneof(
        { weight: 200, arbitrary: hostileText },
        { weight: 1, arbitrary: fc.constant('x'.repeat(100_000)) },
      );
    case 'TYPE_BYTES':
      return fc.uint8Array({ maxLength: 2_000 });
    case 'TYPE_BOOL':
      return fc.boolean();
    case 'TYPE_DOUBLE':
    case 'TYPE_FLOAT':
      return reals;
    case 'TYPE_ENUM':
      return fc.constantFrom(0, 1, 2, 3, 99, -1);
    case 'TYPE_MESSAGE':
      return typeName.endsWith('Struct') ? deepStruct : messageOf(typeName, depth + 1);
    default:
      return integers;
  }
}

function messageOf(type: string, depth = 0): fc.Arbitrary<object> {
  if (depth > DEEPEST) return fc.constant({});
  const fields = fieldsOf(type).map((field) => {
    const value = fieldValue(field, depth);
    const many = field.label === 'LABEL_REPEATED' ? fc.array(value, { maxLength: depth < 2 ? 5 : 2 }) : value;
    return [field.name, many] as const;
  });
  return fc.record(Object.fromEntries(fields), { requiredKeys: [] });
}

/** Bytes of a hostile request. */
export function hostileRequest(method: Method): fc.Arbitrary<Uint8Array> {
  const valid = messageOf(method.requestType).map((message) => {
    try {
      return method.encode(message);
    } catch {
      // Not everything that fast-check thinks of fits a message: then its text does.
      return Buffer.from(JSON.stringify(message) ?? '');
    }
  });
  return fc.oneof({ weight: 3, arbitrary: valid }, { weight: 1, arbitrary: fc.uint8Array({ maxLength: 5_000 }) });
}

/** Bytes of a hostile message of a queue. */
export const hostileBody: fc.Arbitrary<Uint8Array> = fc.oneof(
  hostileText.map((text) => new TextEncoder().encode(text)),
  fc.uint8Array({ maxLength: 5_000 }),
);
