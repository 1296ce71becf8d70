import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger, startTelemetry } from '@nss/runtime';
import { binsOf, zerosOf } from '@nss/search';
import type { SearchSpace } from '@nss/space';
import { observeSearch } from '../src/metrics.ts';

const stage = { stride: 1, depth: { min: 1, max: 4 }, width: { min: 1, max: 16 }, depthBinSize: 2, widthBinSize: 4 };
const space: SearchSpace = { stemWidth: 4, stages: [stage] };
const input = { height: 8, width: 8, channels: 3, classes: 10 };

test('searches of one name that are of two tenants have metrics of their own, until they end', async (t) => {
  const lines: string[] = [];
  const logger = createLogger('test', { level: 'info', stream: { write: (line: string) => void lines.push(line) } });
  const telemetry = await startTelemetry('space-controller', { metricsListen: '127.0.0.1:0', logger, env: {} });
  t.after(() => telemetry.close());
  const { url } = JSON.parse(lines.find((line) => line.includes('metrics are served')) ?? '{}');
  const tenantsOf = async (metric: string) => {
    const text = await (await fetch(url)).text();
    return [...text.matchAll(new RegExp(`^${metric}\\{nss_job="searches/a",nss_tenant="(\\w+)"`, 'gm'))].map(
      ([, tenant]) => tenant,
    );
  };
  const observe = (tenant: string) =>
    observeSearch({ name: 'searches/a', tenant }, { space, input, targetMultiplyAdds: 100_000 }, () =>
      zerosOf(binsOf(space)),
    );
  const forget = observe('acme');
  observe('globex');
  assert.deepEqual(await tenantsOf('nss_search_theta_entropy'), ['acme', 'globex']);
  assert.deepEqual(await tenantsOf('nss_search_cost_deviation'), ['acme', 'globex']);
  forget();
  assert.deepEqual(await tenantsOf('nss_search_theta_entropy'), ['globex']);
  assert.deepEqual(await tenantsOf('nss_search_cost_deviation'), ['globex']);
});
