import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { createLogger, createShutdown } from '../src/index.ts';

const RUNTIME = new URL('../src/index.ts', import.meta.url).href;

/** Runs a `main` in a process of its own; `lines` are those it prints, `ended` its exit code and what it logged. */
function run(main: string) {
  const script = `
    import { createLogger, createShutdown, loadConfig, natsUrl, runMain } from '${RUNTIME}';
    const logger = createLogger('child');
    await runMain('child', async () => { ${main} });`;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
    env: { ...process.env, NSS_LOG_LEVEL: 'info' },
  });
  let stderr = '';
  child.stderr.on('data', (data) => {
    stderr += data;
  });
  const lines = createInterface({ input: child.stdout });
  const ended = once(child, 'close').then(([code]) => ({ code: code as number, stderr }));
  return { child, lines, ended };
}

const shuttingDown = (closers: string, graceMs = 60_000) => `
  const shutdown = createShutdown({ graceMs: ${graceMs}, logger });
  const keepAlive = setInterval(() => {}, 60_000);
  ${closers}
  console.log('ready');`;

test('SIGTERM closes what was registered in reverse order, each after the one before, and exits with 0', async () => {
  const { child, lines, ended } = run(
    shuttingDown(`
      for (const name of ['bus', 'jobs', 'server']) {
        shutdown.register(name, async () => { console.log('closing', name); await null; console.log('closed', name); });
      }
      shutdown.register('broken', () => { throw new Error('stuck valve'); });
      shutdown.signal.addEventListener('abort', () => console.log('aborted'));`),
  );
  const told: string[] = [];
  for await (const line of lines) {
    told.push(line);
    if (line === 'ready') child.kill('SIGTERM');
  }
  const { code, stderr } = await ended;
  assert.equal(code, 0);
  assert.deepEqual(told, [
    'ready',
    'aborted',
    ...['server', 'jobs', 'bus'].flatMap((name) => [`closing ${name}`, `closed ${name}`]),
  ]);
  assert.match(stderr, /stuck valve.*"closer":"broken"/);
});

test('a second signal ends the process at once, with 1', async () => {
  const { child, lines, ended } = run(
    shuttingDown(`shutdown.register('stuck', () => { console.log('closing'); return new Promise(() => {}); });`),
  );
  for await (const line of lines) child.kill(line === 'ready' ? 'SIGINT' : 'SIGTERM');
  assert.equal((await ended).code, 1);
});

test('what does not close within the grace is cut off, with 1', async () => {
  const { child, lines, ended } = run(shuttingDown(`shutdown.register('stuck', () => new Promise(() => {}));`, 1));
  for await (const _ of lines) child.kill('SIGTERM');
  assert.equal((await ended).code, 1);
});

test('a wrong configuration is told in plain words, with 1', async () => {
  const { ended } = run(`
    const { z } = await import('zod');
    loadConfig(z.object({ NSS_NATS_URL: natsUrl }), { NSS_NATS_URL: 'nonsense' });`);
  const { code, stderr } = await ended;
  assert.equal(code, 1);
  assert.equal(
    stderr,
    'child: the configuration is wrong:\n  NSS_NATS_URL: expected the URL of a NATS server, for example nats://127.0.0.1:4222\n',
  );
});

for (const [what, main] of [
  ['thrown by main', `throw new Error('out of luck');`],
  ['thrown later', `setImmediate(() => { throw new Error('out of luck'); });`],
  ['rejected with nobody listening', `void Promise.reject(new Error('out of luck'));`],
]) {
  test(`an unexpected error ${what} is logged whole, with 1`, async () => {
    const { code, stderr } = await run(main).ended;
    assert.equal(code, 1);
    const line = JSON.parse(stderr.trim().split('\n')[0]);
    assert.equal(line.level, 'fatal');
    assert.equal(line.error.message, 'out of luck');
  });
}

test('what is registered while closing is closed at once, and waited for', async (t) => {
  const shutdown = createShutdown({ graceMs: 60_000, logger: createLogger('test', { level: 'silent' }) });
  t.after(() => {
    process.removeAllListeners('SIGTERM');
    process.removeAllListeners('SIGINT');
  });
  const order: string[] = [];
  shutdown.register('first', () => {
    order.push('first');
    shutdown.register('late', async () => {
      order.push('late begins');
      await null;
      order.push('late ends');
    });
    order.push('first ends');
  });
  await shutdown.close('test');
  assert.deepEqual(order, ['first', 'late begins', 'first ends', 'late ends']);
  assert.ok(shutdown.signal.aborted);
});
