import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { test } from 'node:test';

const RUNTIME = new URL('../src/index.ts', import.meta.url).href;

test('spans go to the collector that the environment names, with the name of the service', async (t) => {
  const received = Promise.withResolvers<{ url?: string; body: string }>();
  const collector = createServer(async (request, response) => {
    const body = Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>)).toString('latin1');
    response.end();
    received.resolve({ url: request.url, body });
  }).listen(0, '127.0.0.1');
  t.after(() => collector.close());
  await once(collector, 'listening');
  const address = collector.address();
  assert.ok(typeof address === 'object' && address);

  const script = `
    import { createLogger, startTelemetry } from '${RUNTIME}';
    import { trace } from '@opentelemetry/api';
    const telemetry = await startTelemetry('evaluator', { logger: createLogger('evaluator', { level: 'warn' }) });
    trace.getTracer('test').startSpan('measuring').end();
    await telemetry.close();`;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
    env: { ...process.env, OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${address.port}` },
    stdio: 'inherit',
  });
  assert.deepEqual(await once(child, 'exit'), [0, null]);
  const { url, body } = await received.promise;
  assert.equal(url, '/v1/traces');
  assert.match(body, /evaluator/);
  assert.match(body, /measuring/);
});
