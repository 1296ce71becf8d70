import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ServiceError } from '@grpc/grpc-js';
import { startNatsServer, type TestNatsServer } from '@nss/bus/testing';
import * as contracts from '@nss/contracts';
import { BadRequest, ErrorInfo, RpcStatus } from '@nss/contracts';
import { type Client, connect, type Definition, NssError } from '@nss/rpc';
import { freeAddresses, type ServiceProcess, startService } from './mesh-processes.ts';

/* Every method of every service that programs call, called wrongly. */

/** Which process answers, by the service; trainers are for the mesh alone. */
const owners: Record<string, string> = {
  CampaignService: 'space-controller',
  WarmupService: 'space-controller',
  SearchService: 'space-controller',
  DeadLetterService: 'space-controller',
  FlopsEstimatorService: 'flops-estimator',
  SuperNetworkService: 'evaluator',
  EvaluationService: 'evaluator',
  NasRunService: 'nas-runner',
  TrainingService: 'nas-runner',
};

/** Every service of the contracts but the trainer's: one that is added later is here by itself. */
const definitions = Object.entries(contracts)
  .filter(([name]) => name.endsWith('ServiceService') && name !== 'TrainerServiceService')
  .map(([name, definition]) => [name.replace(/Service$/, ''), definition as unknown as Definition] as const);

type Call = (request: object) => Promise<unknown>;
/** A method, and what an empty request of it holds. */
type MethodCall = readonly [name: string, call: Call, empty: object];

let nats: TestNatsServer;
const running: ServiceProcess[] = [];
const clients: Client<Definition>[] = [];
const calls: MethodCall[] = [];

before(async () => {
  nats = await startNatsServer();
  const names = [...new Set(Object.values(owners))];
  const addresses = await freeAddresses(names.length);
  const addressOf = (name: string) => addresses[names.indexOf(name)];
  const env = {
    NSS_NATS_URL: nats.url,
    NSS_SPACE_CONTROLLER_ADDRESS: addressOf('space-controller'),
    NSS_FLOPS_ESTIMATOR_ADDRESS: addressOf('flops-estimator'),
    NSS_EVALUATOR_ADDRESS: addressOf('evaluator'),
    NSS_NAS_RUNNER_ADDRESS: addressOf('nas-runner'),
  };
  running.push(...(await Promise.all(names.map((name) => startService(name, addressOf(name), env)))));
  for (const [name, definition] of definitions) {
    assert.ok(owners[name], `nobody is known to serve ${name}: name its owner here`);
    calls.push(...callsOf(definition, addressOf(owners[name])));
  }
});

after(async () => {
  for (const client of clients) client.close();
  await Promise.all(running.map((each) => each.stop()));
  await nats.stop();
});

/** Every method of a service, as a function of the fields of its request that are set. */
function callsOf(definition: Definition, address: string): MethodCall[] {
  const client = connect(definition, address);
  clients.push(client);
  return Object.entries(definition).map(([name, method]) => {
    const empty = method.requestDeserialize(Buffer.alloc(0)) as object;
    const call = async (fields: object) => {
      const request = { ...empty, ...fields };
      if (!method.responseStream) return (client[name] as (request: object) => Promise<unknown>)(request);
      for await (const _ of (client[name] as (request: object) => AsyncIterable<unknown>)(request));
    };
    return [method.path.slice(1), call, empty];
  });
}

/** What a call says is wrong with its request: as it comes over the wire, not as the client completes it. */
async function refusal(name: string, call: Call, request: object) {
  const error = await call(request).then(
    () => assert.fail(`${name} takes ${JSON.stringify(request)}`),
    (thrown) => thrown as NssError,
  );
  assert.ok(error instanceof NssError && error.cause, `${name}: ${error}`);
  const [bytes] = (error.cause as ServiceError).metadata.get('grpc-status-details-bin');
  assert.ok(Buffer.isBuffer(bytes), `${name} has no details`);
  const { details } = RpcStatus.decode(bytes);
  const [info] = details.filter(({ typeUrl }) => typeUrl === 'type.googleapis.com/google.rpc.ErrorInfo');
  const [bad] = details.filter(({ typeUrl }) => typeUrl === 'type.googleapis.com/google.rpc.BadRequest');
  const { reason, domain } = ErrorInfo.decode(info.value);
  assert.equal(domain, 'nss.dev', name);
  assert.match(reason, /^[A-Z][A-Z_]+$/, name);
  const fields = bad ? BadRequest.decode(bad.value).fieldViolations.map(({ field }) => field) : [];
  assert.ok(fields.every(Boolean), name);
  return { code: error.codeName, reason, fields };
}

test('an empty request is refused by every method but the lists, with the fields that are missing', async () => {
  for (const [name, call] of calls.filter(([each]) => !/\/List/.test(each))) {
    const { code, fields } = await refusal(name, call, {});
    // Numbers begin with 1: what the empty request names is not there.
    if (name.includes('DeadLetterService')) {
      assert.equal(code, 'NOT_FOUND', name);
      continue;
    }
    assert.equal(code, 'INVALID_ARGUMENT', name);
    assert.ok(fields.length > 0, name);
  }
});

test('a name that is none is refused by every method that takes one, and one of nothing is NOT_FOUND', async () => {
  const named = calls.filter(([, , empty]) => 'name' in empty);
  assert.ok(named.length >= 7 * 4 + 1, `${named.length}`);
  for (const [name, call] of named) {
    const wrong = await refusal(name, call, { name: 'Not a name/../x' });
    assert.deepEqual([wrong.code, wrong.fields], ['INVALID_ARGUMENT', ['name']], name);
    const absent = name.endsWith('/ReadArtifact') ? 'campaigns/none/report.html' : `${collectionOf(name)}/none`;
    assert.equal((await refusal(name, call, { name: absent })).code, 'NOT_FOUND', name);
  }
});

test('lists refuse sizes and tokens that are none, watches changes that are none', async () => {
  for (const [name, call] of calls) {
    if (name.includes('/List')) {
      assert.deepEqual((await refusal(name, call, { pageSize: -1 })).fields, ['page_size'], name);
      assert.deepEqual((await refusal(name, call, { pageToken: 'x' })).fields, ['page_token'], name);
    }
    if (name.includes('/Watch')) {
      const request = { name: `${collectionOf(name)}/none`, afterChange: -1 };
      assert.deepEqual((await refusal(name, call, request)).fields, ['after_change'], name);
    }
  }
});

/** The collection that a method of one verb is about: `searches` for `nss.v1.SearchService/CancelSearch`. */
function collectionOf(method: string): string {
  const [, initial, rest] = /\/[A-Z][a-z]+([A-Z])(\w*)$/.exec(method) ?? [];
  const singular = `${initial.toLowerCase()}${rest}`;
  return singular === 'search' ? 'searches' : `${singular}s`;
}
