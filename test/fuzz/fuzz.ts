import fc from 'fast-check';
import { type Caller, caller, type Outcome } from './calls.ts';
import { type Method, methods } from './contracts.ts';
import { hostileRequest } from './hostile.ts';
import { type FuzzedMesh, startFuzzedMesh } from './mesh.ts';
import { mutatedRequest } from './mutated.ts';
import { hostileQueueMessage, jobsCreated, publishHostile, storedKeys, unexplained, waiting } from './queues.ts';
import { memoryRows, type Row, rowOf } from './rows.ts';
import { drawn, inParallel, settled } from './sending.ts';
import { fuzzSessions } from './sessions.ts';
import { type ValidRequests, validRequests } from './valid.ts';
import { fuzzWebhooks, pendingEvents, postedRow } from './webhooks.ts';

export type FuzzOptions = {
  /** Messages in all, about: over every RPC and every queue, in sessions and as events. */
  readonly messages: number;
  /** The same seed sends the same messages. */
  readonly seed: number;
  /** Told of every row as soon as it is known: the long form takes its time. */
  readonly onRow?: (row: Row) => void;
};

/** Before memory is measured, of every method. */
const WARM_UP = 2;
/** Of the messages: to queues, in sessions with a trainer, and events. */
const QUEUE_SHARE = 0.15;
const SESSION_SHARE = 0.1;
const EVENT_SHARE = 0.05;

/** Sends hostile messages to a whole mesh, and says what became of it. */
export async function fuzz({ messages, seed, onRow = () => {} }: FuzzOptions): Promise<Row[]> {
  const mesh = await startFuzzedMesh();
  const calls = caller(mesh.addressOf);
  const rows: Row[] = [];
  const add = (row: Row) => {
    rows.push(row);
    onRow(row);
  };
  try {
    const valid = await validRequests(calls.ask);
    // First: nobody else asks for a trainer yet, and nothing happens that webhooks would tell.
    const sessions = { commands: Math.ceil(messages * SESSION_SHARE), seed, texts: valid.texts };
    for (const row of await fuzzSessions(mesh, calls, sessions)) add(row);
    add(await fuzzWebhooks(mesh, { events: Math.ceil(messages * EVENT_SHARE), seed }));
    const keysBefore = await storedKeys(mesh.bus);
    const jobsBefore = await jobsCreated(mesh.bus);
    // What is loaded and compiled with the first calls is no growth.
    for (const method of methods) await callAll(calls.call, method, requestsOf(method, valid), WARM_UP, seed + 1);
    const memoryBefore = await mesh.memory();
    const perMethod = Math.ceil((messages * (1 - QUEUE_SHARE - SESSION_SHARE - EVENT_SHARE)) / methods.length);
    const all: Outcome[] = [];
    for (const method of methods) {
      const outcomes = await callAll(calls.call, method, requestsOf(method, valid), perMethod, seed);
      add(rowOf(`${method.service}.${method.name}`, outcomes));
      all.push(...outcomes);
    }
    add(rowOf('all methods together', all));
    await cancelAll(calls);
    add(await fuzzQueues(mesh, Math.ceil(messages * QUEUE_SHARE), seed));
    add(postedRow(mesh.receiver));
    add(await storedRow(mesh, all, { keysBefore, jobsBefore }));
    for (const row of memoryRows(memoryBefore, await mesh.memory())) add(row);
  } finally {
    calls.close();
    const codes = await mesh.stop();
    add({
      done: 'every service asked to stop',
      expected: 'each exits with 0',
      happened: JSON.stringify(codes),
      ok: Object.values(codes).every((code) => code === 0),
    });
  }
  return rows;
}

async function fuzzQueues({ bus }: FuzzedMesh, messages: number, seed: number): Promise<Row> {
  await inParallel(drawn(hostileQueueMessage, messages, seed), (message) => publishHostile(bus, message));
  const left = await settled(async () => (await waiting(bus)) + (await pendingEvents(bus)));
  const silent = await unexplained(bus);
  return {
    done: `${messages} messages on the subjects of jobs, leases and dead letters`,
    expected: 'acknowledged, or dead letters with a reason',
    happened: `${left} left in queues, ${silent} without a reason`,
    ok: left === 0 && silent === 0,
  };
}

async function storedRow(
  { bus }: FuzzedMesh,
  all: readonly Outcome[],
  { keysBefore, jobsBefore }: { readonly keysBefore: number; readonly jobsBefore: number },
): Promise<Row> {
  // A job is itself, its request, its claim and its state.
  const created = (await jobsCreated(bus)) - jobsBefore;
  // A request that is refused for its id is forgotten, which leaves its key.
  const refused = all.filter(({ status }) => status === 'ALREADY_EXISTS').length;
  const grown = (await storedKeys(bus)) - keysBefore;
  return {
    done: 'stored keys counted',
    expected: `at most those of the ${created} jobs that were created and ${refused} requests that were refused`,
    happened: `${grown} more`,
    ok: grown <= 4 * created + refused,
  };
}

async function callAll(
  call: (method: Method, request: Uint8Array) => Promise<Outcome>,
  method: Method,
  requests: fc.Arbitrary<Uint8Array>,
  count: number,
  seed: number,
): Promise<Outcome[]> {
  return inParallel(drawn(requests, count, seed), (request) => call(method, request));
}

/** Three in four of them nearly valid, where it is known what is. */
function requestsOf(method: Method, valid: ValidRequests): fc.Arbitrary<Uint8Array> {
  const mutated = mutatedRequest(method, valid);
  return mutated
    ? fc.oneof({ weight: 3, arbitrary: mutated }, { weight: 1, arbitrary: hostileRequest(method) })
    : hostileRequest(method);
}

/** Some of the jobs that came of it would take as long as the largest numbers say. */
async function cancelAll({ ask, call }: Caller): Promise<void> {
  for (const list of methods.filter(({ name, service }) => name.startsWith('List') && !service.startsWith('Dead'))) {
    const cancel = methods.find(({ name, service }) => service === list.service && name.startsWith('Cancel'));
    if (!cancel) throw new Error(`${list.service} cannot cancel`);
    const page = list.decodeResponse(await ask(list, list.encode({ page_size: 1_000 })));
    const jobs: { name: string }[] = Object.values(page).find(Array.isArray) ?? [];
    await inParallel(jobs, ({ name }) => call(cancel, cancel.encode({ name })));
  }
}
