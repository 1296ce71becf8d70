import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CampaignServiceService, ListCampaignsResponse } from '@nss/contracts';
import { pkiFiles } from '@nss/pki';
import { type Implementation, service, startServer, unimplemented } from '@nss/rpc';
import { createLogger } from '@nss/runtime';
import { folderWith, run } from './run-cli.ts';

test('with what nss pki create and nss token create make, nss talks to a mesh with TLS and tokens', async (t) => {
  const cwd = folderWith(t);
  const pki = join(cwd, 'pki');
  const made = await run(['pki', 'create', 'pki'], { cwd });
  assert.equal(made.code, 0, made.stderr);
  assert.match(made.stderr, /export NSS_TLS_CA=\S+ca\.crt NSS_TLS_CERT=\S+client\.crt/);
  assert.equal((await run(['pki', 'create', 'pki'], { cwd })).code, 1);
  const { stdout: token } = await run(['token', 'create', '--pki', 'pki', '--tenant', 'acme'], { cwd });

  const seen: string[] = [];
  const refuse = () => Promise.reject(unimplemented('not in this test'));
  const handlers = Object.fromEntries(Object.keys(CampaignServiceService).map((name) => [name, refuse]));
  const files = pkiFiles(pki, 'space-controller');
  const server = await startServer({
    listen: '127.0.0.1:0',
    logger: createLogger('test', { level: 'silent' }),
    tls: {
      ca: readFileSync(files.ca),
      certificate: readFileSync(files.certificate),
      key: readFileSync(files.key),
    },
    tokens: { keys: join(pki, 'token-keys.json'), issuer: 'nss', audience: 'nss' },
    services: [
      service(CampaignServiceService, {
        ...(handlers as unknown as Implementation<typeof CampaignServiceService>),
        async listCampaigns(_, { caller }) {
          seen.push(caller.tenant);
          return ListCampaignsResponse.create();
        },
      }),
    ],
  });
  t.after(() => server.close(0));
  const client = pkiFiles(pki, 'client');
  const env = {
    NSS_ADDRESS: server.address,
    NSS_TLS_CA: client.ca,
    NSS_TLS_CERT: client.certificate,
    NSS_TLS_KEY: client.key,
    NSS_TOKEN: token.trim(),
  };
  const status = await run(['status'], { env });
  assert.equal(status.code, 0, status.stderr);
  assert.deepEqual(seen, ['acme']);
  const stranger = await run(['status'], { env: { ...env, NSS_TOKEN: '' } });
  assert.equal(stranger.code, 1);
  assert.match(stranger.stderr, /expected a token/);
});

test('nothing is said in plain text to a mesh on another machine unless that is asked for', async () => {
  const { code, stderr } = await run(['status', '--address', 'mesh.example.org:7000']);
  assert.equal(code, 2);
  assert.match(stderr, /NSS_TLS_CA.*nss pki create DIR/);
  const half = await run(['status', '--address', '127.0.0.1:7000'], { env: { NSS_TLS_CA: 'ca.crt' } });
  assert.equal(half.code, 2);
  assert.match(half.stderr, /all three or none/);
});

test('a token for no possible tenant is not made', async (t) => {
  const { code, stderr } = await run(['token', 'create', '--pki', '.', '--tenant', 'A/B'], { cwd: folderWith(t) });
  assert.equal(code, 2);
  assert.match(stderr, /--tenant/);
  const missing = await run(['token', 'create', '--pki', '.', '--tenant', 'acme'], { cwd: folderWith(t) });
  assert.match(missing.stderr, /Make one: nss pki create DIR/);
});
