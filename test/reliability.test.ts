import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '..');

test('every test that docs/reliability.md names exists', async () => {
  const text = await readFile(join(root, 'docs/reliability.md'), 'utf8');
  const named = [...text.matchAll(/\| `([^`]+\.test\.ts)`: (.+?) +\|$/gm)];
  assert.equal(named.length, text.match(/\.test\.ts`: /g)?.length);
  for (const [, file, title] of named) {
    const source = await readFile(join(root, file), 'utf8');
    assert.ok(source.includes(title), `${file} has no test "${title}"`);
  }
});
