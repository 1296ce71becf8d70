import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ensureTensorflow } from '../setup/tensorflow.mjs';
import { addonBuild, wheelVersion } from '../setup/tensorflow-wheel.mjs';
import { captureProgress, temporaryFolder, writeFile, writeProgram } from './fixture.mjs';

/** A machine without pip, whose tfjs-node cannot download anything either; `tries` counts the attempts. */
function machine(t) {
  const root = temporaryFolder(t);
  const bin = join(root, 'bin');
  const log = join(root, 'tries.log');
  writeProgram(join(bin, 'python3'), `echo pip >> ${log}; echo "No module named pip" >&2; exit 1`);
  const packageFolder = join(root, 'node_modules/@tensorflow/tfjs-node');
  writeFile(join(packageFolder, 'package.json'), JSON.stringify({ version: '4.22.0' }));
  writeFile(join(packageFolder, 'scripts/install.js'), 'console.error("ENOTFOUND"); process.exit(1)');
  return {
    cache: join(root, 'cache'),
    packageFolder,
    progress: captureProgress(t),
    tries: () => readFileSync(log, 'utf8').trim().split('\n').length,
    ensure: (env = {}) =>
      ensureTensorflow({
        checkout: root,
        cache: join(root, 'cache'),
        node: { executable: process.execPath, include: '' },
        env: { NSS_GPU: '0', PATH: `${bin}:/usr/bin:/bin`, ...env },
      }),
  };
}

test('NSS_ENGINE=wasm prepares nothing', async (t) => {
  const { ensure, cache } = machine(t);
  assert.deepEqual(await ensure({ NSS_ENGINE: 'wasm' }), { name: 'wasm', libraryPath: [] });
  assert.equal(existsSync(cache), false);
});

test('an engine that is not known is an error', async (t) => {
  await assert.rejects(machine(t).ensure({ NSS_ENGINE: 'cuda' }), /NSS_ENGINE is "cuda": tensorflow or wasm/);
});

test('without TensorFlow the engine is wasm, and the next start does not try again', async (t) => {
  const { ensure, tries, progress } = machine(t);
  assert.equal((await ensure()).name, 'wasm');
  assert.match(progress(), /WARNING: TensorFlow is not available, .* several times slower\. Why: No module named pip/);
  assert.equal((await ensure()).name, 'wasm');
  assert.equal(tries(), 1);
});

test('NSS_ENGINE=tensorflow tries again, and tells all when it cannot be had', async (t) => {
  const { ensure, tries } = machine(t);
  await ensure();
  await assert.rejects(ensure({ NSS_ENGINE: 'tensorflow' }), (error) => {
    assert.match(error.message, /No module named pip/);
    assert.match(error.message, /ENOTFOUND/);
    assert.match(error.message, /apt-get install python3-pip/);
    return true;
  });
  assert.equal(tries(), 2);
});

test('what is in the cache is linked into the package, and found there although an earlier try failed', async (t) => {
  const { ensure, cache, packageFolder } = machine(t);
  await ensure();
  const built = join(cache, `tensorflow-${wheelVersion}-cpu-tfjs4.22.0-${process.arch}-${addonBuild}`);
  writeFile(join(built, 'lib/napi-v8/tfjs_binding.node'), '');
  writeFile(join(built, 'deps/lib/libtensorflow.so'), '');
  assert.deepEqual(await ensure(), { name: 'tensorflow', libraryPath: [] });
  assert.deepEqual(await ensure(), { name: 'tensorflow', libraryPath: [] });
  assert.equal(readlinkSync(join(packageFolder, 'lib')), join(built, 'lib'));
  assert.deepEqual(readdirSync(join(packageFolder, 'deps/lib')), ['libtensorflow.so']);
});
