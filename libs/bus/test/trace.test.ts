import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger } from '@nss/runtime';
import { context, propagation, SpanKind, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import {
  connectBus,
  consume,
  ensureTopology,
  LEASE_QUEUE,
  LEASE_SUBJECT,
  onRequest,
  publish,
  request,
} from '../src/index.ts';
import { startNatsServer } from '../testing/nats-server.ts';

test('a message and a request are sent and handled in one trace, and what belongs to no trace makes none', async (t) => {
  const exporter = new InMemorySpanExporter();
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }));
  const server = await startNatsServer();
  const bus = await connectBus({ url: server.url, name: 'test', logger: createLogger('test', { level: 'silent' }) });
  t.after(async () => {
    await bus.close();
    await server.stop();
  });
  await ensureTopology(bus);

  await trace.getTracer('test').startActiveSpan('work', async (span) => {
    await publish(bus, LEASE_SUBJECT, new Uint8Array([1]));
    span.end();
  });
  await onRequest(bus, 'answers', async (body) => body);
  const stop = new AbortController();
  let handled = '';
  await consume(
    bus,
    LEASE_QUEUE,
    async () => {
      handled = trace.getActiveSpan()?.spanContext().traceId ?? '';
      await request(bus, 'answers', new Uint8Array([2]));
      stop.abort();
    },
    { signal: stop.signal },
  );
  const spans = exporter.getFinishedSpans();
  const [work] = spans.filter(({ name }) => name === 'work');
  assert.equal(handled, work.spanContext().traceId);
  assert.deepEqual(new Set(spans.map((span) => span.spanContext().traceId)), new Set([handled]));
  const parents = new Map(spans.map((span) => [span.spanContext().spanId, span]));
  const told = spans.map(({ kind, attributes, parentSpanContext }) => {
    const parent = parents.get(parentSpanContext?.spanId ?? '');
    return `${SpanKind[kind]} ${attributes['messaging.destination.name'] ?? ''} of ${parent ? SpanKind[parent.kind] : 'nobody'}`;
  });
  assert.deepEqual(told.sort(), [
    'CONSUMER answers of PRODUCER',
    `CONSUMER ${LEASE_SUBJECT} of PRODUCER`,
    'INTERNAL  of nobody',
    'PRODUCER answers of CONSUMER',
    `PRODUCER ${LEASE_SUBJECT} of INTERNAL`,
  ]);

  exporter.reset();
  await publish(bus, LEASE_SUBJECT, new Uint8Array([3]));
  assert.deepEqual(exporter.getFinishedSpans(), []);
});
