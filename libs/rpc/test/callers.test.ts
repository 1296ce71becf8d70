import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { FlopsEstimatorServiceService, TrainerServiceService } from '@nss/contracts';
import { createPki, createToken, pkiFiles } from '@nss/pki';
import { createLogger, type Tls } from '@nss/runtime';
import { service as healthService } from 'grpc-health-check';
import { type ClientOptions, connect, type Definition, NssError } from '../src/index.ts';
import { serve, unaryRequest, unaryResponse } from './fixture.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nss-callers-'));
  await Promise.all([createPki(join(folder, 'ours')), createPki(join(folder, 'theirs'))]);
});
after(() => rm(folder, { recursive: true }));

const tlsOf = (identity: string, pki = 'ours'): Tls => {
  const files = pkiFiles(join(folder, pki), identity);
  return {
    ca: readFileSync(files.ca),
    certificate: readFileSync(files.certificate),
    key: readFileSync(files.key),
  };
};
const request = { tenant: 'acme', subject: 'someone', hours: 1, issuer: 'nss', audience: 'nss' };
const tokenOf = (changes: Partial<typeof request> = {}, pki = 'ours') =>
  createToken(join(folder, pki), { ...request, ...changes });

/** A server of the evaluator with mutual TLS and tokens, which answers with nothing but notes who called. */
async function serveSecured(t: TestContext) {
  const seen: string[] = [];
  const log: string[] = [];
  const { server } = await serve(
    t,
    {
      async unary(_, { caller }) {
        seen.push(`${caller.service ?? 'somebody'} for ${caller.tenant}`);
        return unaryResponse(1);
      },
    },
    {
      tls: tlsOf('evaluator'),
      tokens: { keys: join(folder, 'ours/token-keys.json'), issuer: 'nss', audience: 'nss' },
      healthListen: '127.0.0.1:0',
      logger: createLogger('test', { level: 'trace', stream: { write: (line) => void log.push(line) } }),
      client: { tls: tlsOf('client') },
    },
  );
  const call = async (options: ClientOptions) => {
    const flops = connect(FlopsEstimatorServiceService, server.address, { retry: once, ...options });
    t.after(() => flops.close());
    await flops.certifySpace(unaryRequest(1));
  };
  return { server, seen, log, call };
}
const once = { attempts: 1, initialBackoffMs: 1, maxBackoffMs: 1 };
const refused = (code: string, reason?: string) => (error: unknown) =>
  error instanceof NssError && error.codeName === code && (reason === undefined || error.reason === reason);

test('who shows a certificate of the authority and a token is served for its tenant', async (t) => {
  const { call, seen } = await serveSecured(t);
  await call({ tls: tlsOf('client'), token: await tokenOf() });
  await call({ tls: tlsOf('client'), token: await tokenOf({ tenant: 'umbrella' }) });
  assert.deepEqual(seen, ['somebody for acme', 'somebody for umbrella']);
});

test('a service calls for the tenant that it names, and nobody else does', async (t) => {
  const { call, seen } = await serveSecured(t);
  await call({ tls: tlsOf('space-controller'), tenant: 'acme' });
  await call({ tls: tlsOf('space-controller') });
  await call({ tls: tlsOf('client'), token: await tokenOf(), tenant: 'umbrella' });
  assert.deepEqual(seen, ['space-controller for acme', 'space-controller for default', 'somebody for acme']);
  for (const identity of ['client', 'flops-estimator', 'supernet-trainer', 'nats']) {
    await assert.rejects(
      call({ tls: tlsOf(identity), tenant: 'acme' }),
      refused('UNAUTHENTICATED', 'TOKEN_MISSING'),
      identity,
    );
  }
  await assert.rejects(call({ tls: tlsOf('evaluator'), tenant: '../acme' }), refused('INVALID_ARGUMENT'));
});

test('a client acts for one tenant after another on one connection', async (t) => {
  const { server, seen } = await serveSecured(t);
  const flops = connect(FlopsEstimatorServiceService, server.address, { tls: tlsOf('nas-runner') });
  t.after(() => flops.close());
  for (const tenant of ['acme', 'umbrella']) await flops.actingFor(tenant).certifySpace(unaryRequest(1));
  assert.deepEqual(seen, ['nas-runner for acme', 'nas-runner for umbrella']);
});

test('plain text, no certificate and one of another authority find no server', async (t) => {
  const { call } = await serveSecured(t);
  await assert.rejects(call({}), refused('UNAVAILABLE'));
  const { ca } = tlsOf('client');
  await assert.rejects(call({ tls: { ca, certificate: Buffer.of(), key: Buffer.of() } }));
  await assert.rejects(call({ tls: { ...tlsOf('client', 'theirs'), ca } }), refused('UNAVAILABLE'));
  await assert.rejects(call({ tls: tlsOf('client', 'theirs') }), refused('UNAVAILABLE'));
});

test('a server that is not the one that was meant is not believed', async (t) => {
  const { call } = await serveSecured(t);
  const options = { tls: tlsOf('client'), token: await tokenOf() };
  await call({ ...options, serverName: 'evaluator' });
  await assert.rejects(call({ ...options, serverName: 'nas-runner' }), refused('UNAVAILABLE'));
});

test('a token that is old, forged, unsigned, of another issuer or for another audience is refused, and none is logged', async (t) => {
  const { call, seen, log } = await serveSecured(t);
  const unsigned = [{ alg: 'none' }, { iss: 'nss', aud: 'nss', sub: 'x', tenant: 'acme', exp: 9e9 }]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  const tokens = {
    old: await tokenOf({ hours: -1 }),
    forged: await tokenOf({}, 'theirs'),
    unsigned: `${unsigned}.`,
    'of another issuer': await tokenOf({ issuer: 'else' }),
    'for another audience': await tokenOf({ audience: 'else' }),
    'without a tenant that can be': await tokenOf({ tenant: 'a=b' }),
    nonsense: 'nonsense',
  };
  for (const [what, token] of Object.entries(tokens)) {
    await assert.rejects(call({ tls: tlsOf('client'), token }), refused('UNAUTHENTICATED', 'TOKEN_REFUSED'), what);
  }
  assert.deepEqual(seen, []);
  const good = await tokenOf();
  await call({ tls: tlsOf('client'), token: good });
  assert.ok(log.length > 0);
  const secrets = [good, ...Object.values(tokens)].map((token) => token.split('.').at(-1)).filter(Boolean);
  for (const secret of secrets) assert.ok(!log.join().includes(`${secret}`), `${secret} was logged`);
});

test('a token is not sent in plain text', () => {
  assert.throws(
    () => connect(FlopsEstimatorServiceService, '127.0.0.1:1', { token: 'secret' }),
    refused('FAILED_PRECONDITION'),
  );
});

test('sessions with a trainer are for services of the mesh', async (t) => {
  const { server } = await serveSecured(t);
  const ask = async (options: ClientOptions) => {
    const trainer = connect(TrainerServiceService, server.address, options);
    t.after(() => trainer.close());
    return trainer.getTrainer({});
  };
  assert.equal((await ask({ tls: tlsOf('evaluator') })).trainerId, 'trainer-0');
  const somebody = ask({ tls: tlsOf('client'), token: await tokenOf() });
  await assert.rejects(somebody, refused('PERMISSION_DENIED', 'SERVICES_ONLY'));
});

test('health is told to who has a certificate, and at an address of its own to everybody', async (t) => {
  const { server } = await serveSecured(t);
  const check = async (address: string, options: ClientOptions) => {
    // biome-ignore lint/suspicious/noExplicitAny: definitions made by proto-loader carry no types
    const health: any = connect(healthService as Definition, address, options);
    t.after(() => health.close());
    return (await health.Check({ service: '' })).status;
  };
  assert.equal(await check(server.address, { tls: tlsOf('client') }), 'SERVING');
  assert.equal(await check(server.healthAddress ?? '', {}), 'SERVING');
  const flops = connect(FlopsEstimatorServiceService, server.healthAddress ?? '');
  t.after(() => flops.close());
  await assert.rejects(flops.certifySpace(unaryRequest(1)), refused('UNIMPLEMENTED'));
});
