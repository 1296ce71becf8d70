import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import fc from 'fast-check';
import { invalidArgument, NssError, toStatusObject } from '../src/index.ts';

/** What grpc-js gives to a caller for a status that was sent: the message percent-encoded on the way, the trailers as HTTP/2 headers. */
function sent(error: NssError): ServiceError {
  const { code, details, metadata } = toStatusObject(error);
  const wire = metadata.toHttp2Headers();
  return Object.assign(new Error(), {
    code,
    details: decodeURI(encodeURI(details)),
    metadata: Metadata.fromHttp2Headers(wire as never),
  });
}

const codes = Object.values(status).filter((code) => typeof code === 'number' && code !== status.OK) as status[];
const text = fc.string({ unit: 'grapheme', maxLength: 60 });

test('any error that fits into trailers survives the wire', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...codes),
      text,
      fc.option(fc.stringMatching(/^[A-Z][A-Z_]{0,30}$/), { nil: undefined }),
      fc.dictionary(fc.stringMatching(/^[a-z]{1,9}$/), text, { maxKeys: 3 }),
      fc.array(fc.record({ field: text, description: text }, { noNullPrototype: true }), { maxLength: 5 }),
      (code, message, reason, metadata, fieldViolations) => {
        const error = new NssError(code, message, { reason, metadata, fieldViolations });
        const received = NssError.from(sent(error));
        assert.deepEqual(
          [received.code, received.message, received.reason, { ...received.metadata }, received.fieldViolations],
          [code, message, reason ?? status[code], { ...metadata }, fieldViolations],
        );
        assert.equal(received.retryable, error.retryable);
      },
    ),
  );
});

test('trailers stay under the 8 KiB that peers take, however much is wrong, and say how much was left out', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          field: fc.string({ maxLength: 1000 }),
          description: fc.string({ unit: 'binary', maxLength: 3000 }),
        }),
        {
          minLength: 1,
          maxLength: 100,
        },
      ),
      (violations) => {
        const error = invalidArgument(violations);
        const { details, metadata } = toStatusObject(error);
        const bytes = encodeURI(details).length + JSON.stringify(metadata.toHttp2Headers()).length;
        assert.ok(bytes < 8192, `${bytes} bytes`);
        const received = NssError.from(sent(error)).fieldViolations;
        const shown = received.length === violations.length ? received : received.slice(0, -1);
        if (shown !== received)
          assert.equal(received.at(-1)?.description, `and ${violations.length - shown.length} more`);
      },
    ),
    { numRuns: 20 },
  );
});

test('an NssError is itself; aborts are CANCELLED or DEADLINE_EXCEEDED; the reason of an abort wins', () => {
  const error = invalidArgument([{ field: 'name', description: 'expected a name' }]);
  assert.equal(NssError.from(error), error);
  assert.equal(NssError.from(new DOMException('', 'AbortError')).code, status.CANCELLED);
  assert.equal(NssError.from(new DOMException('', 'TimeoutError')).code, status.DEADLINE_EXCEEDED);
  assert.equal(NssError.from(new DOMException('', { name: 'AbortError', cause: error })), error);
});

test('an error of another library that calls itself retryable is UNAVAILABLE, with its text', () => {
  const error = NssError.from(Object.assign(new Error('NATS does not answer'), { retryable: true }));
  assert.deepEqual([error.code, error.message, error.retryable], [status.UNAVAILABLE, 'NATS does not answer', true]);
  assert.equal(NssError.from(Object.assign(new Error(), { retryable: false })).code, status.INTERNAL);
});

test('anything else thrown is INTERNAL, with an id of its own and the thrown value as the cause only', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.anything(),
        fc.string({ minLength: 10 }).map((message) => new Error(message)),
      ),
      (thrown) => {
        const first = NssError.from(thrown);
        const second = NssError.from(thrown);
        assert.equal(first.code, status.INTERNAL);
        assert.equal(first.cause, thrown);
        assert.notEqual(first.metadata.errorId, second.metadata.errorId);
        assert.ok(!(thrown instanceof Error) || !first.message.includes(thrown.message));
      },
    ),
  );
});

test('details that are broken leave code and message', () => {
  const metadata = new Metadata();
  metadata.set('grpc-status-details-bin', Buffer.from([0xff, 0xff, 0xff]));
  const failure = Object.assign(new Error(), { code: status.NOT_FOUND, details: 'there is no such thing', metadata });
  const error = NssError.from(failure);
  assert.deepEqual([error.code, error.message], [status.NOT_FOUND, 'there is no such thing']);
});
