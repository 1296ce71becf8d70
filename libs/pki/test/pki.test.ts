import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { createPki, createToken, PKI_IDENTITIES, PkiExists, pkiFiles } from '../src/index.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nss-pki-'));
  await createPki(join(folder, 'pki'), { days: 2 });
});
after(() => rm(folder, { recursive: true }));

test('everybody has a certificate of the authority that names its owner and this machine, and can sign no other', async () => {
  const ca = new X509Certificate(await readFile(join(folder, 'pki/ca.crt')));
  assert.ok(ca.ca && ca.verify(ca.publicKey));
  const serials = new Set<string>();
  for (const identity of PKI_IDENTITIES) {
    const certificate = new X509Certificate(await readFile(pkiFiles(join(folder, 'pki'), identity).certificate));
    assert.ok(certificate.checkIssued(ca) && certificate.verify(ca.publicKey), identity);
    assert.equal(certificate.subject, `CN=${identity}`);
    assert.equal(certificate.ca, false);
    assert.ok(
      certificate.checkHost(identity) && certificate.checkHost('localhost') && certificate.checkIP('127.0.0.1'),
    );
    assert.ok(certificate.validToDate.getTime() < Date.now() + 2 * 24 * 3_600_000);
    serials.add(certificate.serialNumber);
  }
  assert.equal(serials.size, PKI_IDENTITIES.length);
});

test('private keys are for their owner only, and what is there is not written over', async () => {
  const pki = join(folder, 'pki');
  for (const file of await readdir(pki)) {
    const secret = /(\.key|token-key\.json)$/.test(file);
    assert.equal((await stat(join(pki, file))).mode & 0o077, secret ? 0 : 0o044, file);
  }
  await assert.rejects(createPki(pki), PkiExists);
});

test('a token says what was asked for, for as long, and is verified with the public keys', async () => {
  const token = await createToken(join(folder, 'pki'), {
    tenant: 'acme',
    subject: 'me',
    hours: 2,
    operator: true,
    issuer: 'i',
    audience: 'a',
  });
  const keys = JSON.parse(await readFile(join(folder, 'pki/token-keys.json'), 'utf8'));
  assert.ok(!('d' in keys.keys[0]), 'the private part is not among the public keys');
  const { payload } = await jwtVerify(token, createLocalJWKSet(keys), { issuer: 'i', audience: 'a' });
  assert.deepEqual([payload.tenant, payload.sub, payload.operator], ['acme', 'me', true]);
  assert.equal(Number(payload.exp) - Number(payload.iat), 7_200);
  const plain = await createToken(join(folder, 'pki'), {
    tenant: 'acme',
    subject: 'me',
    hours: 2,
    issuer: 'i',
    audience: 'a',
  });
  assert.equal((await jwtVerify(plain, createLocalJWKSet(keys))).payload.operator, undefined);
});
