import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fromNetworkSpace, katib, Search, SearchServiceService } from '@nss/contracts';
import { createPki, pkiFiles } from '@nss/pki';
import { connect, type Implementation, service, startServer } from '@nss/rpc';
import { createLogger } from '@nss/runtime';
import { parseSpace } from '@nss/space';
import { freeAddresses, startService } from './mesh-processes.ts';

test('platforms speak plain text to the adapter, which speaks TLS to the mesh, with certificates from its environment', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'nss-adapter-tls-'));
  t.after(() => rm(folder, { recursive: true }));
  await createPki(folder);
  const read = async (identity: string) => {
    const { ca, certificate, key } = pkiFiles(folder, identity);
    const [own, cert, secret] = await Promise.all([ca, certificate, key].map((file) => readFile(file)));
    return { ca: own, certificate: cert, key: secret };
  };
  const searches = {
    getSearch: async ({ name }: { name: string }) =>
      Search.create({ name, result: { eliteSpace: fromNetworkSpace(parseSpace('1..1x1..4')) } }),
  } as Partial<Implementation<typeof SearchServiceService>> as Implementation<typeof SearchServiceService>;
  const controller = await startServer({
    listen: '127.0.0.1:0',
    services: [service(SearchServiceService, searches)],
    tls: await read('space-controller'),
    logger: createLogger('space-controller', { level: 'silent' }),
  });
  t.after(() => controller.close(0));

  const { ca, certificate, key } = await read('client');
  const [address] = await freeAddresses(1);
  const adapter = await startService('platform-adapter', address, {
    NSS_SPACE_CONTROLLER_ADDRESS: controller.address,
    NSS_TLS_CA: String(ca),
    NSS_TLS_CERT: String(certificate),
    NSS_TLS_KEY: String(key),
    NSS_INSECURE: '',
  });
  const suggestion = connect(katib.SuggestionService, address);
  t.after(() => suggestion.close());

  const parameters = [
    { name: 'depth1', max: '1' },
    { name: 'width1', max: '8' },
  ].map(({ name, max }) => ({
    name,
    parameterType: katib.ParameterType.INT,
    feasibleSpace: { min: '1', max, list: [], step: '' },
  }));
  const algorithm = { algorithmName: 'elite-space', algorithmSettings: [{ name: 'search', value: 'mine' }] };
  const spec = katib.ExperimentSpec.create({ algorithm, parameterSpecs: { parameters } });
  const reply = await suggestion.getSuggestions({
    experiment: { name: 'nets', spec },
    trials: [],
    currentRequestNumber: 4,
    totalRequestNumber: 4,
  });
  const widths = reply.parameterAssignments.map(({ assignments }) => assignments[1].value);
  assert.deepEqual(widths.toSorted(), ['1', '2', '3', '4']);
  assert.equal(await adapter.stop(), 0);
});
