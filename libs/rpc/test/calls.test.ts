import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { credentials, Client as GrpcClient, status } from '@grpc/grpc-js';
import { FlopsEstimatorServiceService } from '@nss/contracts';
import { createLogger, startTelemetry } from '@nss/runtime';
import { trace } from '@opentelemetry/api';
import { connect, failedPrecondition, invalidArgument, NssError, notFound, unavailable } from '../src/index.ts';
import { checkpointOf, chunk, command, readRequest, reply, serve, unaryRequest, unaryResponse } from './fixture.ts';

await startTelemetry('test', { logger: createLogger('test', { level: 'silent' }), env: {} });

const is = (code: status, reason?: string) => (error: unknown) => {
  assert.ok(error instanceof NssError, `expected an NssError, got ${error}`);
  assert.equal(error.codeName, status[code], error.message);
  if (reason) assert.equal(error.reason, reason);
  return true;
};

/** A promise that a handler's signal settles: resolves with the reason. */
const aborted = async (signal: AbortSignal): Promise<unknown> => {
  if (!signal.aborted) await once(signal, 'abort');
  return signal.reason;
};

test('a unary call is answered', async (t) => {
  const { flops } = await serve(t, { unary: async (request) => unaryResponse(request.targetMultiplyAdds * 2) });
  assert.deepEqual(await flops.certifySpace(unaryRequest(21)), unaryResponse(42));
});

test('a server stream arrives whole and in order', async (t) => {
  const { campaigns } = await serve(t, {
    async *serverStream() {
      for (let i = 0; i < 100; i++) yield chunk(i);
    },
  });
  const received = await Array.fromAsync(campaigns.readArtifact(readRequest()));
  assert.deepEqual(
    received.map(({ data }) => data[0]),
    Array.from({ length: 100 }, (_, i) => i),
  );
});

test('a server writes no faster than its caller reads', async (t) => {
  let written = 0;
  const stopped = Promise.withResolvers<void>();
  const { campaigns } = await serve(t, {
    async *serverStream() {
      try {
        for (; written < 1000; written++) yield chunk(0, 256 * 1024);
      } finally {
        stopped.resolve();
      }
    },
  });
  for await (const _ of campaigns.readArtifact(readRequest())) break;
  await stopped.promise;
  assert.ok(written < 100, `${written} of 1000 chunks were written for a caller that read one`);
});

test('a caller that stops reading a stream ends its handler', async (t) => {
  const reason = Promise.withResolvers<unknown>();
  const { campaigns } = await serve(t, {
    async *serverStream(_, { signal }) {
      yield chunk(1);
      reason.resolve(await aborted(signal));
    },
  });
  for await (const _ of campaigns.readArtifact(readRequest())) break;
  assert.ok(is(status.CANCELLED)(await reason.promise));
});

test('a stream that fails gives what it sent, then its error', async (t) => {
  const { campaigns } = await serve(t, {
    async *serverStream() {
      yield chunk(1);
      yield chunk(2);
      throw notFound('campaigns/c');
    },
  });
  const received: number[] = [];
  await assert.rejects(async () => {
    for await (const { data } of campaigns.readArtifact(readRequest())) received.push(data[0]);
  }, is(status.NOT_FOUND));
  assert.deepEqual(received, [1, 2]);
});

test('a bidirectional stream answers one command after another, until the caller ends it', async (t) => {
  const { trainer } = await serve(t, {
    async *bidi(requests) {
      for await (const request of requests) yield reply(checkpointOf(request));
    },
  });
  const call = trainer.session();
  for (const id of ['a', 'b', 'c']) {
    await call.send(command(id));
    const { value } = await call.responses.next();
    assert.equal(value && checkpointOf(value), id);
  }
  call.end();
  assert.deepEqual(await call.responses.next(), { done: true, value: undefined });
  await assert.rejects(call.send(command('d')), is(status.FAILED_PRECONDITION));
});

test('a bidirectional stream whose handler fails gives the error to reader and sender, also to one that comes late', async (t) => {
  const { trainer } = await serve(t, {
    async *bidi(requests) {
      for await (const _ of requests) throw failedPrecondition('open a session first');
      yield reply('never');
    },
  });
  const call = trainer.session();
  await call.send(command('a'));
  await assert.rejects(call.responses.next(), is(status.FAILED_PRECONDITION));
  await assert.rejects(call.send(command('b')), is(status.FAILED_PRECONDITION));
});

test('a caller that cancels a bidirectional stream ends its handler while it waits for a command', async (t) => {
  const seen = Promise.withResolvers<unknown>();
  const { trainer } = await serve(t, {
    async *bidi(requests) {
      try {
        for await (const request of requests) yield reply(checkpointOf(request));
      } catch (error) {
        seen.resolve(error);
        throw error;
      }
    },
  });
  const call = trainer.session();
  await call.send(command('a'));
  await call.responses.next();
  call.cancel();
  await assert.rejects(call.responses.next(), is(status.CANCELLED));
  assert.ok(is(status.CANCELLED)(await seen.promise));
});

test('aborting a unary call cancels it on the server', async (t) => {
  const started = Promise.withResolvers<void>();
  const reason = Promise.withResolvers<unknown>();
  const { flops } = await serve(t, {
    unary: async (_, { signal }) => {
      started.resolve();
      reason.resolve(await aborted(signal));
      return unaryResponse(0);
    },
  });
  const controller = new AbortController();
  const call = flops.certifySpace(unaryRequest(1), { signal: controller.signal });
  await started.promise;
  controller.abort();
  await assert.rejects(call, is(status.CANCELLED));
  assert.ok(is(status.CANCELLED)(await reason.promise));
});

test('a call takes no longer than its deadline, on both sides', async (t) => {
  const seen = Promise.withResolvers<{ deadline: Date | undefined; reason: unknown }>();
  const { flops } = await serve(t, {
    unary: async (_, { signal, deadline }) => {
      seen.resolve({ deadline, reason: await aborted(signal) });
      return unaryResponse(0);
    },
  });
  await assert.rejects(flops.certifySpace(unaryRequest(1), { deadlineMs: 50 }), is(status.DEADLINE_EXCEEDED));
  const { deadline, reason } = await seen.promise;
  assert.ok(deadline instanceof Date);
  // Whichever comes first, the timer here or the cancellation from there.
  assert.ok(reason instanceof NssError && [status.DEADLINE_EXCEEDED, status.CANCELLED].includes(reason.code));
});

test('an error arrives with its code, reason, facts and every field violation', async (t) => {
  const violations = [
    { field: 'campaign.spec.dataset', description: 'expected cifar10, cifar100 or fashion-mnist' },
    { field: 'campaign.spec.targets_multiply_adds[1]', description: 'Bögen über 99 GF gibt es nicht' },
  ];
  const { flops } = await serve(t, {
    unary: async () => {
      throw invalidArgument(violations, { reason: 'BAD_CAMPAIGN', metadata: { preset: 'small' } });
    },
  });
  await assert.rejects(flops.certifySpace(unaryRequest(1)), (error) => {
    assert.ok(is(status.INVALID_ARGUMENT, 'BAD_CAMPAIGN')(error));
    const { fieldViolations, metadata, message, retryable } = error as NssError;
    assert.deepEqual(fieldViolations, violations);
    assert.deepEqual({ ...metadata }, { preset: 'small' });
    assert.equal(message, violations.map(({ field, description }) => `${field}: ${description}`).join('; '));
    assert.equal(retryable, false);
    return true;
  });
});

test('an unknown error becomes INTERNAL with an id, is logged whole, and leaks nothing', async (t) => {
  const { flops, lines } = await serve(t, {
    unary: async () => {
      throw new Error('password=hunter2 in /etc/secret');
    },
  });
  await assert.rejects(flops.certifySpace(unaryRequest(1)), (thrown) => {
    const error = thrown as NssError;
    assert.ok(is(status.INTERNAL)(error));
    assert.doesNotMatch(JSON.stringify([error.message, error.metadata, error.cause]), /hunter2|secret/);
    const logged = lines.find(({ msg }) => msg === 'call failed');
    assert.match(JSON.stringify(logged), /hunter2/);
    assert.match(JSON.stringify(logged), new RegExp(error.metadata.errorId));
    return true;
  });
});

test('a message of 100 MB is refused with its size, and the server goes on', async (t) => {
  const { server, flops } = await serve(t, { unary: async () => unaryResponse(1) });
  const path = FlopsEstimatorServiceService.certifySpace.path;
  const raw = new GrpcClient(server.address, credentials.createInsecure());
  t.after(() => raw.close());
  const bytes = Buffer.alloc(100 * 1024 * 1024);
  const refusal = await new Promise((resolve) => {
    raw.makeUnaryRequest(
      path,
      (value: Buffer) => value,
      (value: Buffer) => value,
      bytes,
      (error) => resolve(error),
    );
  });
  const error = NssError.from(refusal);
  assert.ok(is(status.RESOURCE_EXHAUSTED, 'MESSAGE_TOO_LARGE')(error));
  assert.equal(error.metadata.limit, String(4 * 1024 * 1024));
  assert.deepEqual(await flops.certifySpace(unaryRequest(1)), unaryResponse(1));
});

test('bytes that are no message are INVALID_ARGUMENT', async (t) => {
  const { server } = await serve(t, { unary: async () => unaryResponse(1) });
  const raw = new GrpcClient(server.address, credentials.createInsecure());
  t.after(() => raw.close());
  const path = FlopsEstimatorServiceService.certifySpace.path;
  const refusal = await new Promise((resolve) => {
    raw.makeUnaryRequest(
      path,
      (value: Buffer) => value,
      String,
      Buffer.from([0xff, 0xff]),
      (error) => resolve(error),
    );
  });
  assert.ok(is(status.INVALID_ARGUMENT, 'MALFORMED_MESSAGE')(NssError.from(refusal)));
});

test('a call that finds no server is repeated when it is idempotent, and only then', async (t) => {
  let calls = 0;
  const flaky = async () => {
    calls++;
    if (calls < 3) throw unavailable('not yet');
    return unaryResponse(calls);
  };
  const retry = { attempts: 5, initialBackoffMs: 1, maxBackoffMs: 1 };
  const { flops } = await serve(t, { unary: flaky }, { client: { retry } });
  await assert.rejects(flops.certifySpace(unaryRequest(1)), is(status.UNAVAILABLE));
  assert.equal(calls, 1);
  assert.deepEqual(await flops.certifySpace(unaryRequest(1), { idempotent: true }), unaryResponse(3));
});

test('a terminal error is not repeated', async (t) => {
  let calls = 0;
  const { flops } = await serve(t, {
    unary: async () => {
      calls++;
      throw failedPrecondition('never');
    },
  });
  await assert.rejects(flops.certifySpace(unaryRequest(1), { idempotent: true }), is(status.FAILED_PRECONDITION));
  assert.equal(calls, 1);
});

test('a server that is not there is named in the error', async (t) => {
  const flops = connect(FlopsEstimatorServiceService, '127.0.0.1:1', {
    retry: { attempts: 1, initialBackoffMs: 1, maxBackoffMs: 1 },
  });
  t.after(() => flops.close());
  await assert.rejects(flops.certifySpace(unaryRequest(1)), (error) => {
    assert.ok(is(status.UNAVAILABLE, 'UNREACHABLE')(error));
    assert.match((error as NssError).message, /nss\.v1\.FlopsEstimatorService at 127\.0\.0\.1:1/);
    return true;
  });
});

test('the trace of the caller goes on in the handler, of unary calls and of streams', async (t) => {
  const seen: (string | undefined)[] = [];
  const note = () => seen.push(trace.getActiveSpan()?.spanContext().traceId);
  const { flops, campaigns } = await serve(t, {
    unary: async () => {
      note();
      return unaryResponse(1);
    },
    async *serverStream() {
      note();
      yield chunk(1);
      note();
    },
  });
  const traceId = await trace.getTracer('test').startActiveSpan('caller', async (span) => {
    await flops.certifySpace(unaryRequest(1));
    await Array.fromAsync(campaigns.readArtifact(readRequest()));
    return span.spanContext().traceId;
  });
  assert.deepEqual(seen, [traceId, traceId, traceId]);
});
