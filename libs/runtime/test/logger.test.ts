import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { context, propagation, trace } from '@opentelemetry/api';
import { createLogger, startTelemetry, withLogContext } from '../src/index.ts';

await startTelemetry('test', { logger: createLogger('test', { level: 'silent' }), env: {} });

function logged() {
  const lines: Record<string, unknown>[] = [];
  const logger = createLogger('evaluator', {
    level: 'info',
    stream: { write: (line) => void lines.push(JSON.parse(line)) },
  });
  return { logger, lines };
}

test('a line carries service, level, campaign, job and trace, also after waiting', async () => {
  const { logger, lines } = logged();
  await trace.getTracer('test').startActiveSpan('work', (span) =>
    withLogContext({ campaign: 'campaigns/c' }, () =>
      withLogContext({ job: 'searches/s' }, async () => {
        await setImmediate();
        logger.warn({ loss: 2 }, 'diverging');
        const { traceId, spanId } = span.spanContext();
        const { time, ...rest } = lines[0];
        assert.ok(Date.parse(String(time)) > 0);
        assert.deepEqual(rest, {
          level: 'warn',
          service: 'evaluator',
          campaign: 'campaigns/c',
          job: 'searches/s',
          traceId,
          spanId,
          loss: 2,
          msg: 'diverging',
        });
      }),
    ),
  );
  logger.info('outside');
  assert.deepEqual(Object.keys(lines[1]), ['level', 'time', 'service', 'msg']);
});

test('an error is logged with its stack and all its causes', () => {
  const { logger, lines } = logged();
  logger.error({ error: new Error('no trainer', { cause: new Error('no bus') }) }, 'failed');
  const { message, stack, cause } = lines[0].error as { message: string; stack: string; cause: { message: string } };
  assert.deepEqual([message, cause.message], ['no trainer', 'no bus']);
  assert.match(stack, /logger\.test\.ts/);
});

test('without a collector there are trace ids, and they are passed on as a W3C traceparent', () => {
  trace.getTracer('test').startActiveSpan('work', (span) => {
    const carrier: Record<string, string> = {};
    propagation.inject(context.active(), carrier);
    const { traceId, spanId } = span.spanContext();
    assert.equal(carrier.traceparent, `00-${traceId}-${spanId}-01`);
  });
});
