import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { z } from 'zod';
import {
  address,
  ConfigError,
  loadConfig,
  natsConfiguration,
  natsOptions,
  serverConfiguration,
  serverOptions,
} from '../src/index.ts';

const schema = z.object({
  ...serverConfiguration,
  ...natsConfiguration,
  NSS_EVALUATOR_ADDRESS: address.default('127.0.0.1:1'),
});
const optionsOf = (env: Record<string, string>) => serverOptions(loadConfig(schema, env));
const faults =
  (...patterns: RegExp[]) =>
  (error: unknown) => {
    assert.ok(error instanceof ConfigError);
    assert.equal(error.faults.length, patterns.length, error.message);
    for (const [i, pattern] of patterns.entries()) assert.match(error.faults[i], pattern);
    return true;
  };

test('who says nothing of transport is told what to set', () => {
  assert.throws(() => optionsOf({}), faults(/NSS_TLS_CA.*nss pki create DIR.*NSS_INSECURE=loopback/));
  assert.throws(() => natsOptions(loadConfig(schema, {})), ConfigError);
});

test('plain text within the machine is allowed when it is asked for', () => {
  for (const host of ['127.0.0.1', '127.9.9.9', 'localhost', '[::1]']) {
    assert.equal(optionsOf({ NSS_INSECURE: 'loopback', NSS_LISTEN: `${host}:0` }).tls, undefined);
  }
});

test('plain text to or from another machine is refused, address by address', () => {
  const env = {
    NSS_INSECURE: 'loopback',
    NSS_LISTEN: '0.0.0.0:7000',
    NSS_NATS_URL: 'nats://127.0.0.1:4222,nats://nats.example.org:4222',
    NSS_EVALUATOR_ADDRESS: '127.0.0.1.example.org:7000',
  };
  assert.throws(() => optionsOf(env), faults(/^NSS_LISTEN: .*TLS/, /^NSS_NATS_URL: /, /^NSS_EVALUATOR_ADDRESS: /));
  assert.equal(optionsOf({ ...env, NSS_INSECURE: 'network' }).tls, undefined);
});

test('TLS takes three files that can be read, and nothing beside it', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'nss-transport-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const [NSS_TLS_CA, NSS_TLS_CERT, NSS_TLS_KEY] = ['ca', 'crt', 'key'].map((name) => {
    writeFileSync(join(folder, name), name);
    return join(folder, name);
  });
  const tls = { NSS_TLS_CA, NSS_TLS_CERT, NSS_TLS_KEY };
  const listen = '0.0.0.0:7000';
  assert.equal(String(optionsOf({ ...tls, NSS_LISTEN: listen }).tls?.key), 'key');
  assert.equal(String(natsOptions(loadConfig(schema, tls)).tls?.ca), 'ca');
  assert.throws(() => optionsOf({ NSS_TLS_CA }), faults(/all three or none/));
  assert.throws(() => optionsOf({ ...tls, NSS_TLS_KEY: '/nowhere' }), faults(/^NSS_TLS_KEY: .*ENOENT/));
  assert.throws(() => optionsOf({ ...tls, NSS_INSECURE: 'network' }), faults(/^NSS_INSECURE: /));
});

test('tokens are not taken in plain text', () => {
  assert.throws(() => optionsOf({ NSS_INSECURE: 'loopback', NSS_TOKEN_KEYS: 'keys.json' }), faults(/^NSS_TOKEN_KEYS/));
});
