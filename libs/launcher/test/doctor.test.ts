import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type DoctorLine, doctor } from '../src/index.ts';
import { temporaryFolder, writeText } from './fixture.ts';

async function examine(t: TestContext, env: Record<string, string>): Promise<Map<string, DoctorLine>> {
  const root = temporaryFolder(t);
  const lines = await doctor({
    stateDir: join(root, 'state'),
    cacheDir: join(root, 'cache'),
    env: { NSS_ENGINE: 'wasm', ...env },
  });
  for (const { status, remedy } of lines) assert.equal(status === 'ok', remedy === undefined);
  return new Map(lines.map((line) => [line.name, line]));
}

function server(t: TestContext, says: string): string {
  return writeText(join(temporaryFolder(t), 'nats-server'), `#!/bin/sh\necho '${says}'\n`, 0o755);
}

test('a machine that has all gets a line for each thing, with what was found', async (t) => {
  const lines = await examine(t, { NATS_SERVER: server(t, 'nats-server: v2.10.29') });
  assert.deepEqual(
    [...lines.keys()],
    ['Node', 'nats-server', 'engine', 'self-test', 'processor', 'memory', 'cache', 'state', 'mesh'],
  );
  assert.equal(lines.get('nats-server')?.status, 'ok');
  assert.match(lines.get('nats-server')?.detail ?? '', /^2\.10\.29 at /);
  assert.match(lines.get('engine')?.detail ?? '', /WebAssembly .*1 thread/);
  assert.equal(lines.get('self-test')?.status, 'ok');
});

test('the slow engine is a warning with a remedy', async (t) => {
  const lines = await examine(t, {});
  assert.equal(lines.get('engine')?.status, 'warn');
  assert.match(lines.get('engine')?.remedy ?? '', /NSS_ENGINE=tensorflow/);
});

test('an engine setting that is not understood, and a process that cannot even start, are lines', async (t) => {
  const unknown = await examine(t, { NSS_ENGINE: 'cuda' });
  assert.equal(unknown.get('engine')?.status, 'fail');
  assert.match(unknown.get('engine')?.detail ?? '', /NSS_ENGINE is "cuda": tensorflow or wasm/);
  const broken = await examine(t, { NODE_OPTIONS: '--import=/nowhere.mjs' });
  assert.equal(broken.get('engine')?.status, 'fail');
  assert.match(broken.get('engine')?.detail ?? '', /exited with code 1: Error .*nowhere/);
});

for (const { says, status, detail } of [
  { says: 'nats-server: v2.8.4', status: 'fail', detail: /^2\.8\.4 at / },
  { says: 'hello', status: 'fail', detail: /says "hello"/ },
  { says: 'nats-server: v3.0.0', status: 'ok', detail: /^3\.0\.0 at / },
]) {
  test(`a nats-server that says "${says}" is ${status}`, async (t) => {
    const line = (await examine(t, { NATS_SERVER: server(t, says) })).get('nats-server');
    assert.equal(line?.status, status);
    assert.match(line?.detail ?? '', detail);
  });
}

test('no nats-server at all is a line, not an exception', async (t) => {
  const line = (await examine(t, { NATS_SERVER: '/nowhere' })).get('nats-server');
  assert.equal(line?.status, 'fail');
  assert.match(`${line?.detail} ${line?.remedy}`, /NATS_SERVER is "\/nowhere".*Correct it or unset it/);
});
