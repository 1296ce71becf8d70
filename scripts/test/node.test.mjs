import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { findPinnedNode } from '../setup/node.mjs';
import { temporaryFolder, writeFile, writeProgram } from './fixture.mjs';

const packageName = `node-${process.platform}-${process.arch}`;

function checkout(t, version) {
  const folder = temporaryFolder(t);
  writeFile(join(folder, 'package.json'), JSON.stringify({ optionalDependencies: { [packageName]: version } }));
  return folder;
}

test('the Node of the npm package is taken', (t) => {
  const folder = checkout(t, '99.1.0');
  const executable = writeProgram(join(folder, 'node_modules', packageName, 'bin/node'));
  assert.deepEqual(findPinnedNode(folder), {
    executable,
    include: join(folder, 'node_modules', packageName, 'include/node'),
    version: '99.1.0',
  });
});

test('without the package, a running Node of the same major version will do', (t) => {
  const found = findPinnedNode(checkout(t, `${process.versions.node.split('.')[0]}.0.0`));
  assert.equal(found.executable, process.execPath);
  assert.equal(found.version, process.versions.node);
});

test('else the error names the version, the cause and the ways out', (t) => {
  assert.throws(() => findPinnedNode(checkout(t, '99.1.0')), {
    name: 'SetupError',
    message: /Node 99\.1\.0 is needed and the npm package .* is not installed[\s\S]*Ways out: run `npm install` again/,
  });
});
