import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { z } from 'zod';
import {
  address,
  ConfigError,
  loadConfig,
  logLevel,
  natsConfiguration,
  natsOptions,
  natsUrl,
  parseAddress,
  serverConfiguration,
  wholeNumber,
} from '../src/index.ts';

const schema = z.object({
  NSS_NATS_URL: natsUrl,
  NSS_LISTEN: serverConfiguration.NSS_LISTEN,
  NSS_EVALUATOR_ADDRESS: address,
  NSS_TRAINER_THREADS: wholeNumber(1, 64).default(1),
  NSS_LOG_LEVEL: logLevel,
});

test('what is not set has its default, on loopback; an empty variable is not set; other variables do not matter', () => {
  assert.deepEqual(loadConfig(schema, { NSS_EVALUATOR_ADDRESS: 'evaluator:7000', NSS_LISTEN: '', HOME: '/root' }), {
    NSS_NATS_URL: 'nats://127.0.0.1:4222',
    NSS_LISTEN: '127.0.0.1:0',
    NSS_EVALUATOR_ADDRESS: 'evaluator:7000',
    NSS_TRAINER_THREADS: 1,
    NSS_LOG_LEVEL: 'info',
  });
});

test('all faults are told at once, each with its variable and what was expected, none with its value', () => {
  const env = {
    NSS_NATS_URL: 'http://user:hunter2@host',
    NSS_LISTEN: 'hunter2',
    NSS_TRAINER_THREADS: '65',
    NSS_LOG_LEVEL: 'loud',
  };
  assert.throws(
    () => loadConfig(schema, env),
    (error) => {
      assert.ok(error instanceof ConfigError);
      assert.deepEqual(
        error.faults.map((fault) => fault.split(': expected')[0].split(': is not set')[0]),
        ['NSS_NATS_URL', 'NSS_LISTEN', 'NSS_EVALUATOR_ADDRESS', 'NSS_TRAINER_THREADS', 'NSS_LOG_LEVEL'],
      );
      assert.match(error.message, /NSS_EVALUATOR_ADDRESS: is not set; expected host:port/);
      assert.match(error.message, /NSS_TRAINER_THREADS: expected a whole number from 1 to 64/);
      assert.doesNotMatch(error.message, /hunter2/);
      return true;
    },
  );
});

test('host and port are read back from any address', () => {
  fc.assert(
    fc.property(fc.oneof(fc.domain(), fc.ipV4()), fc.nat(65535), (host, port) => {
      assert.deepEqual(parseAddress(`${host}:${port}`), { host, port });
    }),
  );
  assert.deepEqual(parseAddress('[::1]:80'), { host: '::1', port: 80 });
  for (const text of ['', 'host', ':80', 'host:', 'host:65536', '::1:80', 'http://host:80']) {
    assert.equal(parseAddress(text), undefined);
  }
});

test('another service cannot be at port 0', () => {
  assert.throws(() => loadConfig(z.object({ A: address }), { A: '127.0.0.1:0' }), ConfigError);
});

test('a mesh without NATS users needs no NATS settings, and one with users tells who it is', () => {
  const schema = z.object(natsConfiguration);
  assert.deepEqual(natsOptions(loadConfig(schema, { NSS_INSECURE: 'loopback' })), {
    url: 'nats://127.0.0.1:4222',
    replicas: 1,
    user: undefined,
    password: undefined,
    tls: undefined,
    s3: undefined,
  });
  const env = {
    NSS_INSECURE: 'network',
    NSS_NATS_URL: 'nats://nats-0:4222,nats://nats-1:4222',
    NSS_NATS_REPLICAS: '3',
    NSS_NATS_USER: 'evaluator',
    NSS_NATS_PASSWORD: 'secret',
  };
  assert.deepEqual(natsOptions(loadConfig(schema, env)), {
    url: 'nats://nats-0:4222,nats://nats-1:4222',
    replicas: 3,
    user: 'evaluator',
    password: 'secret',
    tls: undefined,
    s3: undefined,
  });
});
