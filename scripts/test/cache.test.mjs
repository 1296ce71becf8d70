import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { cachedFolder } from '../setup/cache.mjs';
import { captureProgress, temporaryFolder } from './fixture.mjs';

test('a folder is filled once, however many ask for it at the same time', async (t) => {
  captureProgress(t);
  const target = join(temporaryFolder(t), 'cache/thing');
  let fills = 0;
  const fill = async (into) => {
    fills++;
    await new Promise((resolve) => setImmediate(resolve));
    writeFileSync(join(into, 'file'), 'whole');
  };
  const results = await Promise.all([1, 2, 3].map(() => cachedFolder(target, fill)));
  assert.deepEqual(results, [target, target, target]);
  assert.equal(fills, 1);
  assert.equal(readFileSync(join(target, 'file'), 'utf8'), 'whole');
});

test('a folder appears only when it is whole', async (t) => {
  const target = join(temporaryFolder(t), 'thing');
  await cachedFolder(target, async (into) => {
    writeFileSync(join(into, 'file'), '');
    assert.equal(existsSync(target), false);
  });
  assert.deepEqual(readdirSync(target), ['file']);
});

test('a failure leaves nothing behind, and the next try starts afresh', async (t) => {
  const root = temporaryFolder(t);
  const target = join(root, 'thing');
  await assert.rejects(
    cachedFolder(target, async (into) => {
      writeFileSync(join(into, 'half'), '');
      throw new Error('no space');
    }),
    /no space/,
  );
  assert.deepEqual(readdirSync(root), []);
  await cachedFolder(target, async (into) => writeFileSync(join(into, 'whole'), ''));
  assert.deepEqual(readdirSync(target), ['whole']);
});

test('what a killed run has left half-made is removed', { skip: process.platform !== 'linux' }, async (t) => {
  const root = temporaryFolder(t);
  mkdirSync(join(root, '.making-thing-abc123'));
  await cachedFolder(join(root, 'thing'), async () => {});
  assert.deepEqual(readdirSync(root), ['thing']);
});
