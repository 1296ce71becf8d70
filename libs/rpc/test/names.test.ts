import assert from 'node:assert/strict';
import { test } from 'node:test';
import { status } from '@grpc/grpc-js';
import fc from 'fast-check';
import {
  artifactName,
  COLLECTIONS,
  NssError,
  parseArtifactName,
  parseId,
  parseName,
  parseResourceName,
  parseStoredObject,
  resourceName,
  storedName,
} from '../src/index.ts';

const collection = fc.constantFrom(...COLLECTIONS);
const id = fc.stringMatching(/^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/);
const file = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,20}$/);

const refuses = (parse: () => unknown, field: string) =>
  assert.throws(parse, (error) => {
    assert.ok(error instanceof NssError && error.code === status.INVALID_ARGUMENT);
    assert.deepEqual(
      error.fieldViolations.map((violation) => violation.field),
      [field],
    );
    return true;
  });

test('what is written is read back', () => {
  fc.assert(
    fc.property(collection, id, file, (collection, id, file) => {
      assert.equal(parseName(collection, resourceName(collection, id)), id);
      assert.deepEqual(parseResourceName(resourceName(collection, id)), { collection, id });
      assert.deepEqual(parseArtifactName(artifactName(collection, id, file)), { collection, id, file });
      assert.equal(parseId('campaign_id', id), id);
    }),
  );
});

test('a name of one collection is no name of another', () => {
  fc.assert(
    fc.property(collection, collection, id, (one, other, id) => {
      fc.pre(one !== other);
      refuses(() => parseName(one, resourceName(other, id)), 'name');
    }),
  );
});

test('any other text is refused with the field at fault', () => {
  for (const name of [
    '',
    'campaigns',
    'campaigns/',
    'campaigns/A',
    'campaigns/a/b',
    '/campaigns/a',
    'campaigns/-a',
    'campaigns/a-',
    `campaigns/${'a'.repeat(64)}`,
    'campaigns/ä',
  ]) {
    refuses(() => parseName('campaigns', name), 'name');
    refuses(() => parseResourceName(name, 'search.name'), 'search.name');
  }
  for (const name of ['campaigns/a/', 'campaigns/a/..', 'campaigns/a/../b', 'file', 'campaigns/a/b/c']) {
    refuses(() => parseArtifactName(name), 'name');
  }
  for (const text of ['', 'A', '1a', 'a.b', 'a'.repeat(64)]) refuses(() => parseId('campaign_id', text), 'campaign_id');
});

test('an error about a name of any length stays short', () => {
  assert.throws(
    () => parseName('campaigns', 'x'.repeat(1_000_000)),
    (error) => error instanceof NssError && error.message.length < 500,
  );
});

test('the name of a stored object tells its job and tenant, and no other text does', () => {
  fc.assert(
    fc.property(collection, id, file, id, (collection, id, file, tenant) => {
      const job = storedName(tenant, resourceName(collection, id));
      assert.deepEqual(parseStoredObject(`${job}/${file}`), { job, tenant });
      for (const text of [job, `${job}/`, `${job}/${file}/x`, `${job}/..`, `/${job}/${file}`, `x${job}/${file}`]) {
        assert.equal(parseStoredObject(text), undefined);
      }
    }),
  );
});
