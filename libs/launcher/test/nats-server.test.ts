import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { findNatsServer, NatsServerNotFound } from '../src/index.ts';
import { natsServerSpec } from '../src/nats-server.ts';
import { temporaryFolder, writeText } from './fixture.ts';

test("the set-up's finding comes before NATS_SERVER, that before PATH, PATH before the system folders", (t) => {
  const root = temporaryFolder(t);
  const [found, set, onPath, system] = ['found', 'set', 'path', 'system'].map((folder) =>
    writeText(join(root, folder, 'nats-server'), '#!/bin/sh\n', 0o755),
  );
  const folders = [join(root, 'system')];
  const PATH = `relative:${join(root, 'empty')}:${join(root, 'path')}`;
  assert.equal(findNatsServer({ NSS_NATS_SERVER: found, NATS_SERVER: set, PATH }, folders), found);
  assert.equal(findNatsServer({ NATS_SERVER: set, PATH }, folders), set);
  assert.equal(findNatsServer({ PATH }, folders), onPath);
  assert.equal(findNatsServer({}, folders), system);
});

test('a variable that names no program is an error, not passed over', (t) => {
  const root = temporaryFolder(t);
  const plain = writeText(join(root, 'plain'), 'no program');
  for (const variable of ['NSS_NATS_SERVER', 'NATS_SERVER']) {
    assert.throws(
      () => findNatsServer({ [variable]: plain }),
      (error) => error instanceof NatsServerNotFound && error.message.startsWith(`${variable} is "${plain}"`),
    );
  }
});

test('without any, the error names the ways to get one', (t) => {
  assert.throws(() => findNatsServer({ PATH: temporaryFolder(t) }, []), /apt-get install nats-server/);
});

test("the server's memory has a limit, unless the environment sets another one", (t) => {
  const limitOf = (env: Record<string, string>) =>
    natsServerSpec('nats-server', temporaryFolder(t), 4222, env).env.GOMEMLIMIT;
  assert.equal(limitOf({ PATH: '/bin' }), '512MiB');
  assert.equal(limitOf({ GOMEMLIMIT: '2GiB' }), '2GiB');
});
