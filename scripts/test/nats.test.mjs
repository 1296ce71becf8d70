import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ensureNatsServer, findNatsServer } from '../setup/nats.mjs';
import { SetupError } from '../setup/progress.mjs';
import { captureProgress, temporaryFolder, writeFile, writeProgram } from './fixture.mjs';

/** A machine with a nats-server in each place that is looked at. */
function machine(t) {
  const root = temporaryFolder(t);
  return {
    root,
    set: writeProgram(join(root, 'opt/nats-server')),
    onPath: writeProgram(join(root, 'bin/nats-server')),
    system: writeProgram(join(root, 'sbin/nats-server')),
    cached: writeProgram(join(root, `cache/nats-server-debian-${process.arch}/nats-server`)),
    cache: join(root, 'cache'),
    folders: [join(root, 'sbin')],
  };
}

test('NATS_SERVER comes before PATH, PATH before the system folders, these before the cache', (t) => {
  const { root, set, onPath, system, cached, cache, folders } = machine(t);
  const PATH = join(root, 'bin');
  assert.equal(findNatsServer({ cache, folders, env: { NATS_SERVER: set, PATH } }), set);
  assert.equal(findNatsServer({ cache, folders, env: { PATH } }), onPath);
  assert.equal(findNatsServer({ cache, folders, env: {} }), system);
  assert.equal(findNatsServer({ cache, folders: [], env: {} }), cached);
  assert.equal(findNatsServer({ cache: join(root, 'other'), folders: [], env: {} }), undefined);
});

test('NATS_SERVER may be the name of a program on PATH', (t) => {
  const { root, onPath, cache } = machine(t);
  assert.equal(
    findNatsServer({ cache, folders: [], env: { NATS_SERVER: 'nats-server', PATH: join(root, 'bin') } }),
    onPath,
  );
});

test('a file that cannot be executed is passed over', (t) => {
  const { root, system, cache, folders } = machine(t);
  writeFile(join(root, 'plain/nats-server'), '');
  assert.equal(findNatsServer({ cache, folders, env: { PATH: join(root, 'plain') } }), system);
});

test('a NATS_SERVER that cannot be run is an error, though another server is there', (t) => {
  const { root, cache, folders } = machine(t);
  const env = { NATS_SERVER: join(root, 'gone'), PATH: join(root, 'bin') };
  assert.throws(
    () => findNatsServer({ cache, folders, env }),
    (error) => error instanceof SetupError && error.message.includes(`NATS_SERVER is "${env.NATS_SERVER}"`),
  );
});

test("Debian's package is unpacked into the cache, without installing it", async (t) => {
  captureProgress(t);
  const root = temporaryFolder(t);
  const bin = join(root, 'bin');
  writeProgram(join(bin, 'apt-get'), 'for last; do :; done\n[ "$last" = update ] || touch nats-server_2_all.deb');
  writeProgram(
    join(bin, 'dpkg-deb'),
    'mkdir -p "$3/usr/sbin" && echo server > "$3/usr/sbin/nats-server" && chmod 755 "$3/usr/sbin/nats-server"',
  );
  const env = { PATH: `${bin}:/usr/bin:/bin` };
  const server = await ensureNatsServer({ cache: join(root, 'cache'), env, folders: [] });
  assert.equal(server, join(root, `cache/nats-server-debian-${process.arch}/nats-server`));
  assert.ok(existsSync(server));
});
