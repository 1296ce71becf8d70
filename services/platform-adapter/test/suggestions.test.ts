import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NssError } from '@nss/rpc';
import { containsArchitecture, countArchitectures, formatArchitecture, parseSpace } from '@nss/space';
import fc from 'fast-check';
import { suggestArchitectures } from '../src/suggestions.ts';

const none: ReadonlySet<string> = new Set();
const first = { experiment: 'e', handedOut: 0, tried: none, failed: none };
const textsOf = (asked: Parameters<typeof suggestArchitectures>[0]) =>
  suggestArchitectures(asked).map(formatArchitecture);

/** Small spaces, so that they are used up. */
const spaces = fc
  .array(fc.record({ depth: fc.integer({ min: 1, max: 2 }), width: fc.integer({ min: 1, max: 4 }) }), {
    minLength: 1,
    maxLength: 2,
  })
  .map((stages) => parseSpace(stages.map(({ depth, width }) => `1..${depth}x3..${width + 2}`).join('-')));

test('no architecture of a space comes twice before all have come, however the requests are cut', () => {
  fc.assert(
    fc.property(spaces, fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 20 }), (space, counts) => {
      const suggested: string[] = [];
      for (const count of counts) {
        suggested.push(...textsOf({ ...first, space, count, handedOut: suggested.length, tried: new Set(suggested) }));
      }
      const size = countArchitectures(space);
      assert.equal(new Set(suggested.slice(0, size)).size, Math.min(size, suggested.length));
      assert.equal(
        suggested.length,
        counts.reduce((sum, count) => sum + count, 0),
      );
    }),
  );
});

test('what was asked once is answered the same again, and one request is the same as several', () => {
  const space = parseSpace('1..2x1..8-3..4x5..12');
  const whole = textsOf({ ...first, space, count: 9 });
  assert.deepEqual(textsOf({ ...first, space, count: 9 }), whole);
  const parts = [0, 3, 6].flatMap((handedOut) => textsOf({ ...first, space, count: 3, handedOut }));
  assert.deepEqual(parts, whole);
  assert.notDeepEqual(textsOf({ ...first, space, count: 9, experiment: 'f' }), whole);
  for (const architecture of suggestArchitectures({ ...first, space, count: 9 })) {
    assert.ok(containsArchitecture(space, architecture));
  }
});

test('a platform that does not count what it was given is told from its trials', () => {
  const space = parseSpace('1..2x1..4');
  const suggested: string[] = [];
  for (let i = 0; i < 8; i++) suggested.push(...textsOf({ ...first, space, count: 1, tried: new Set(suggested) }));
  assert.equal(new Set(suggested).size, 8);
});

test('architectures that failed are not suggested again, those that did not come in turn', () => {
  const space = parseSpace('1..1x1..4');
  const tried = new Set(['1x1', '1x2', '1x3', '1x4']);
  const again = textsOf({ ...first, space, count: 6, handedOut: 4, tried, failed: new Set(['1x2', '1x4']) });
  assert.deepEqual(again.toSorted(), ['1x1', '1x1', '1x1', '1x3', '1x3', '1x3']);
  assert.throws(
    () => textsOf({ ...first, space, count: 1, handedOut: 4, tried, failed: tried }),
    (error) =>
      error instanceof NssError && error.reason === 'SPACE_EXHAUSTED' && /all 4 .* have failed/.test(error.message),
  );
});

test('where failures are not told, a space that is used up is an error', () => {
  const space = parseSpace('1..1x1..4');
  assert.equal(textsOf({ ...first, space, count: 4, failed: undefined }).length, 4);
  assert.throws(
    () => textsOf({ ...first, space, count: 2, handedOut: 3, failed: undefined }),
    (error) => error instanceof NssError && error.codeName === 'RESOURCE_EXHAUSTED',
  );
});

test('a space too large to be listed gives its first architectures at once', () => {
  const space = parseSpace(Array(8).fill('1..64x1..4096').join('-'));
  assert.equal(new Set(textsOf({ ...first, space, count: 1000, handedOut: 1000 })).size, 1000);
});

test('a count that no experiment gets to is refused before anything is drawn', () => {
  const space = parseSpace('1..2x1..8');
  for (const [count, handedOut] of [
    [-1, 0],
    [2 ** 31 - 1, 0],
    [1, 2 ** 31 - 2],
  ]) {
    assert.throws(
      () => textsOf({ ...first, space, count, handedOut }),
      (error) => error instanceof NssError && error.codeName === 'INVALID_ARGUMENT',
    );
  }
});
