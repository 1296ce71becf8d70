import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { type Caller, caller, type Outcome } from './calls.ts';
import { type Method, methods } from './contracts.ts';
import { hostileRequest } from './hostile.ts';
import { startFuzzedMesh } from './mesh.ts';
import { mutatedRequest } from './mutated.ts';
import { hostileQueueMessage, jobsCreated, publishHostile, storedKeys, unexplained, waiting } from './queues.ts';
import { type ValidRequests, validRequests } from './valid.ts';

/** What was done, what was expected and what happened. */
export type Row = {
  readonly done: string;
  readonly expected: string;
  readonly happened: string;
  readonly ok: boolean;
};

export type FuzzOptions = {
  /** Messages in all, over every RPC and every queue. */
  readonly messages: number;
  /** The same seed sends the same messages. */
  readonly seed: number;
  /** Told of every row as soon as it is known: the long form takes its time. */
  readonly onRow?: (row: Row) => void;
};

const AT_ONCE = 8;
const DRAWN_AT_ONCE = 20;
/** Before memory is measured, of every method. */
const WARM_UP = 2;
/** Of the messages, to queues. */
const QUEUE_SHARE = 0.2;
const SETTLE_WITHIN_MS = 240_000;
/** Heaps grow until they are collected; what leaks in proportion to messages shows in the long form. */
const GROWTH = { factor: 1.5, bytes: 200 * 1024 * 1024 };

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
    const perMethod = Math.ceil((messages * (1 - QUEUE_SHARE)) / methods.length);
    const toQueues = Math.ceil(messages * QUEUE_SHARE);
    const valid = await validRequests(calls.ask);
    const keysBefore = await storedKeys(mesh.bus);
    const jobsBefore = await jobsCreated(mesh.bus);
    // What is loaded and compiled with the first calls is no growth.
    for (const method of methods) await callAll(calls.call, method, requestsOf(method, valid), WARM_UP, seed + 1);
    const memoryBefore = await mesh.memory();
    const all: Outcome[] = [];
    for (const method of methods) {
      const outcomes = await callAll(calls.call, method, requestsOf(method, valid), perMethod, seed);
      add(rowOf(`${method.service}.${method.name}`, outcomes));
      all.push(...outcomes);
    }
    add(rowOf('all methods together', all));
    await cancelAll(calls);
    await inParallel(drawn(hostileQueueMessage, toQueues, seed), (message) => publishHostile(mesh.bus, message));
    const left = await settled(() => waiting(mesh.bus));
    const silent = await unexplained(mesh.bus);
    add({
      done: `${toQueues} messages on the subjects of jobs, leases and dead letters`,
      expected: 'acknowledged, or dead letters with a reason',
      happened: `${left} left in queues, ${silent} without a reason`,
      ok: left === 0 && silent === 0,
    });
    // A job is itself, its request, its claim and its state.
    const created = (await jobsCreated(mesh.bus)) - jobsBefore;
    // A request that is refused for its id is forgotten, which leaves its key.
    const refused = all.filter(({ status }) => status === 'ALREADY_EXISTS').length;
    const grown = (await storedKeys(mesh.bus)) - keysBefore;
    add({
      done: 'stored keys counted',
      expected: `at most those of the ${created} jobs that were created and ${refused} requests that were refused`,
      happened: `${grown} more`,
      ok: grown <= 4 * created + refused,
    });
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

/** Values of an arbitrary, drawn in small numbers: all at once would not fit into memory. */
function* drawn<T>(arbitrary: fc.Arbitrary<T>, count: number, seed: number): Generator<T> {
  for (let from = 0; from < count; from += DRAWN_AT_ONCE) {
    yield* fc.sample(arbitrary, { numRuns: Math.min(DRAWN_AT_ONCE, count - from), seed: seed + from });
  }
}

function rowOf(done: string, outcomes: readonly Outcome[]): Row {
  const counts = new Map<string, number>();
  for (const { status } of outcomes) counts.set(status, (counts.get(status) ?? 0) + 1);
  const faults = outcomes.flatMap(({ fault }) => fault ?? []);
  const share = (count: number) => `${((100 * count) / outcomes.length).toFixed(1)} %`;
  const mostFirst = [...counts].sort(([, a], [, b]) => b - a);
  const happened = mostFirst.map(([status, count]) => `${count} ${status} (${share(count)})`).join(', ');
  return {
    done: `${outcomes.length} x ${done}`,
    expected: 'a typed status in time',
    happened: faults.length > 0 ? `${happened}; ${faults[0]}` : happened,
    ok: faults.length === 0,
  };
}

function memoryRows(before: Record<string, number>, after: Record<string, number>): Row[] {
  const mib = (bytes: number) => `${Math.round(bytes / 1024 / 1024)} MiB`;
  return Object.entries(after).map(([name, bytes]) => ({
    done: `memory of ${name}`,
    expected: `at most ${GROWTH.factor} times as much and ${mib(GROWTH.bytes)} after all of it`,
    happened: `${mib(before[name])}, then ${mib(bytes)}`,
    ok: bytes <= GROWTH.factor * before[name] + GROWTH.bytes,
  }));
}

/** What `count` comes to once it is 0, or after a time in which it should be. */
async function settled(count: () => Promise<number>): Promise<number> {
  const end = performance.now() + SETTLE_WITHIN_MS;
  for (;;) {
    const left = await count();
    if (left === 0 || performance.now() > end) return left;
    await delay(500);
  }
}

async function inParallel<T, R>(items: Iterable<T>, work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  // Lanes share one iterator: each item goes to one of them.
  const iterator = Iterator.from(items);
  const lane = async () => {
    for (let next = iterator.next(); !next.done; next = iterator.next()) results.push(await work(next.value));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return results;
}
