import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { firstDifference } from '../setup/dependencies.mjs';
import { temporaryFolder, writeFile } from './fixture.mjs';

const wanted = {
  '': { name: 'root' },
  'libs/a': { version: '1.0.0' },
  'node_modules/@x/a': { link: true, resolved: 'libs/a' },
  'node_modules/b': { version: '2.0.0', integrity: 'sha512-b' },
  'node_modules/other-platform': { version: '1.0.0', optional: true },
};

function checkout(t, installed) {
  const folder = temporaryFolder(t);
  writeFile(join(folder, 'package-lock.json'), JSON.stringify({ packages: wanted }));
  if (installed) writeFile(join(folder, 'node_modules/.package-lock.json'), JSON.stringify({ packages: installed }));
  return folder;
}

const complete = {
  'libs/a': wanted['libs/a'],
  'node_modules/@x/a': wanted['node_modules/@x/a'],
  'node_modules/b': wanted['node_modules/b'],
};

test('packages for other platforms may be missing', (t) => {
  assert.equal(firstDifference(checkout(t, complete)), undefined);
});

test('nothing installed, or an installation that did not end, is a difference', (t) => {
  assert.match(firstDifference(checkout(t, undefined)), /No npm packages are installed/);
});

test('a missing package, a missing workspace and another version are differences', (t) => {
  const { 'node_modules/b': b, ...withoutB } = complete;
  const { 'node_modules/@x/a': _, ...withoutWorkspace } = complete;
  assert.match(firstDifference(checkout(t, withoutB)), /node_modules\/b is not installed/);
  assert.match(firstDifference(checkout(t, withoutWorkspace)), /node_modules\/@x\/a is not installed/);
  assert.match(
    firstDifference(checkout(t, { ...withoutB, 'node_modules/b': { ...b, version: '1.9.0' } })),
    /installed in version 1\.9\.0, package-lock\.json says 2\.0\.0/,
  );
});
