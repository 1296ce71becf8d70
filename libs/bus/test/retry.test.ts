import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JetStreamApiError } from '@nats-io/jetstream';
import { createdWithPatience, withPatience } from '../src/retry.ts';

/** A connection that stands. */
const link = { whileUp: <T>(operation: () => Promise<T>) => operation(), up: async () => {} };

/** What an operation comes to that a server answers so at first, and how often it was tried. */
async function answeredAtFirst(code: number, err_code: number, description: string, patienceMs = 10_000) {
  let tries = 0;
  const value = await withPatience({ link, patienceMs }, 'publish a', async () => {
    tries++;
    if (tries === 1) throw new JetStreamApiError({ code, err_code, description });
    return 'stored';
  }).catch((error: Error) => error.name);
  return [value, tries];
}

test('what a server cannot do at this moment is tried again, whatever status it says so with', async () => {
  for (const [code, errorCode, text] of [
    [503, 10008, 'JetStream system temporarily unavailable'],
    [500, 10009, 'JetStream cluster can not handle request'],
    [409, 10158, 'duplicate message id is in process'],
    [429, 10167, 'too many requests'],
  ] as const) {
    assert.deepEqual(await answeredAtFirst(code, errorCode, text), ['stored', 2], text);
    assert.deepEqual(await answeredAtFirst(code, errorCode, text, 0), ['BusUnavailable', 1], text);
  }
});

test('what it will not do is not', async () => {
  assert.deepEqual(await answeredAtFirst(400, 10071, 'wrong last sequence: 5'), ['JetStreamApiError', 1]);
  assert.deepEqual(await answeredAtFirst(404, 10059, 'stream not found'), ['BusStoreLost', 1]);
  assert.deepEqual(await answeredAtFirst(500, 10023, 'insufficient resources'), ['BusFull', 1]);
});

test('what another service created at the same moment is found the second time, subjects of another stream are refused', async () => {
  const overlap = new JetStreamApiError({
    code: 400,
    err_code: 10065,
    description: 'subjects overlap with an existing stream',
  });
  for (const [refusals, outcome] of [
    [0, 'created after 1'],
    [1, 'created after 2'],
    [2, 'JetStreamApiError'],
  ] as const) {
    let tries = 0;
    const create = async () => {
      if (++tries <= refusals) throw overlap;
      return `created after ${tries}`;
    };
    const came = createdWithPatience({ link, patienceMs: 10_000 }, 'create a', create);
    assert.equal(await came.catch((error: Error) => error.name), outcome);
  }
});
