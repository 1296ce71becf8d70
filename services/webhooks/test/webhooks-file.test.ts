import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ConfigError } from '@nss/runtime';
import { readWebhooks } from '../src/webhooks-file.ts';

const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

async function read(t: TestContext, content: string) {
  const folder = await mkdtemp(join(tmpdir(), 'nss-webhooks-file-'));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, 'webhooks.yaml');
  await writeFile(file, content);
  return readWebhooks(file);
}

test('a webhook needs a name, a URL and a secret; it gets every event of the tenant default', async (t) => {
  const [webhook, ...others] = await read(
    t,
    `webhooks: [{ name: ci, url: https://ci.example/nss, secret: ${secret} }]`,
  );
  assert.deepEqual(others, []);
  const { pausesSeconds, ...rest } = webhook;
  assert.deepEqual(rest, { name: 'ci', url: 'https://ci.example/nss', secret, events: ['*.*'], tenant: 'default' });
  assert.ok(pausesSeconds.length > 5);
});

test('everything that is wrong with a file is told at once, without its secrets', async (t) => {
  const content = `webhooks:
  - { name: CI, url: http://ci.example/nss, secret: whsec_c2hvcnQ=, events: [campaigns.done], tenant: 'a=b' }
  - { name: a, url: not a url, secret: ${secret.slice(1)}, events: [], pausesSeconds: [-1], more: 1 }`;
  await assert.rejects(read(t, content), (error) => {
    assert.ok(error instanceof ConfigError);
    const places = error.faults.map((fault) => fault.split(': ')[1]);
    const wrong = ['name', 'url', 'secret', 'events.0', 'tenant'].map((field) => `webhooks.0.${field}`);
    const alsoWrong = ['url', 'secret', 'events', 'pausesSeconds.0'].map((field) => `webhooks.1.${field}`);
    assert.deepEqual(places.sort(), [...wrong, ...alsoWrong, 'webhooks.1'].sort());
    assert.ok(!error.message.includes('c2hvcnQ') && !error.message.includes(secret.slice(8)));
    return true;
  });
});

test('two webhooks of one name, no webhook, no YAML and no file are refused', async (t) => {
  const webhook = `{ name: ci, url: https://ci.example/nss, secret: ${secret} }`;
  await assert.rejects(read(t, `webhooks: [${webhook}, ${webhook}]`), /names that are different/);
  await assert.rejects(read(t, 'webhooks: []'), ConfigError);
  await assert.rejects(read(t, 'webhooks: [}'), /is no YAML/);
  await assert.rejects(readWebhooks('/nowhere.yaml'), /cannot be read/);
});
