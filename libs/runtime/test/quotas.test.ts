import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ConfigError, loadQuotas } from '../src/index.ts';

function fileOf(t: TestContext, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'nss-quotas-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'quotas.json'), text);
  return join(folder, 'quotas.json');
}

test('a tenant has the quota of all, but for what is its own', (t) => {
  const quotas = loadQuotas(
    fileOf(t, '{ "default": { "campaigns": 10, "trainers": 2 }, "tenants": { "acme": { "campaigns": 0 } } }'),
  );
  assert.deepEqual(quotas('acme'), { campaigns: 0, trainers: 2 });
  assert.deepEqual(quotas('umbrella'), { campaigns: 10, trainers: 2 });
  assert.deepEqual(quotas('toString'), { campaigns: 10, trainers: 2 });
  assert.deepEqual(loadQuotas(undefined)('acme'), {});
});

test('a file that cannot be right names every fault', (t) => {
  const faulty = fileOf(
    t,
    '{ "default": { "campaigns": -1, "campaign": 3 }, "tenants": { "acme": { "trainers": 0.5 } } }',
  );
  assert.throws(
    () => loadQuotas(faulty),
    (error) => error instanceof ConfigError && error.faults.length === 3 && /default\.campaigns/.test(error.message),
  );
  assert.throws(() => loadQuotas(fileOf(t, 'campaigns: 3')), ConfigError);
  assert.throws(() => loadQuotas('/nowhere'), /NSS_QUOTAS: \/nowhere/);
});
