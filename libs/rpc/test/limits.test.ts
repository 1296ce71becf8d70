import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { FlopsEstimatorServiceService } from '@nss/contracts';
import { NssError, resourceExhausted, service } from '../src/index.ts';
import { chunk, readRequest, serve, unaryRequest, unaryResponse } from './fixture.ts';

test('a tenant that calls too often is told when to come again; others, and health, are not', async (t) => {
  const { flops } = await serve(t, { unary: async () => unaryResponse(1) }, { quotas: () => ({ callsPerMinute: 3 }) });
  for (let call = 0; call < 3; call++) await flops.certifySpace(unaryRequest(1));
  await assert.rejects(flops.certifySpace(unaryRequest(1)), (error) => {
    assert.ok(error instanceof NssError);
    assert.deepEqual([error.codeName, error.reason], ['RESOURCE_EXHAUSTED', 'RATE_LIMITED']);
    assert.ok(error.retryAfterMs !== undefined && error.retryAfterMs > 0 && error.retryAfterMs <= 60_000);
    assert.deepEqual(error.quotaViolations, [{ subject: 'tenant:default', description: '3 calls a minute' }]);
    return true;
  });
});

test('what is used up, and when to come again, arrive as they were said', async (t) => {
  const sent = resourceExhausted('no more', {
    retryAfterMs: 1_234.5,
    quotaViolations: [{ subject: 'tenant:acme', description: 'two of two' }],
  });
  const { flops } = await serve(t, { unary: () => Promise.reject(sent) });
  await assert.rejects(flops.certifySpace(unaryRequest(1)), (error) => {
    assert.ok(error instanceof NssError);
    assert.equal(error.retryAfterMs, 1_234.5);
    assert.deepEqual(error.quotaViolations, sent.quotaViolations);
    return true;
  });
});

test('a unary call without a deadline is ended by the server; a stream is not', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const begun = Promise.withResolvers<void>();
  const { flops, campaigns } = await serve(t, {
    unary() {
      begun.resolve();
      // A handler that does not listen to its signal.
      return new Promise(() => {});
    },
    async *serverStream(_, { signal }) {
      yield chunk(1);
      await once(signal, 'abort');
    },
  });
  const stream = campaigns.readArtifact(readRequest());
  await stream.next();
  const call = flops.certifySpace(unaryRequest(1), { deadlineMs: 3_600_000 });
  await begun.promise;
  t.mock.timers.tick(60_000);
  await assert.rejects(call, (error) => error instanceof NssError && error.codeName === 'DEADLINE_EXCEEDED');
  await stream.return();
});

test('a service that waits is given as long as its callers wait', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const begun = Promise.withResolvers<void>();
  const done = Promise.withResolvers<typeof answer>();
  const answer = unaryResponse(1);
  const refuse = () => Promise.reject(new Error('not in this test'));
  const certifySpace = () => {
    begun.resolve();
    return done.promise;
  };
  const handlers = { estimateArchitectures: refuse, estimateDistribution: refuse, certifySpace };
  const services = [service(FlopsEstimatorServiceService, handlers, { waits: true })];
  const { flops } = await serve(t, {}, { services });
  const call = flops.certifySpace(unaryRequest(1), { deadlineMs: 3_600_000 });
  await begun.promise;
  t.mock.timers.tick(600_000);
  done.resolve(answer);
  assert.deepEqual(await call, answer);
});
