import { setTimeout as delay } from 'node:timers/promises';
import { ARTIFACTS, CHECKPOINTS, openObjects } from '@nss/bus';
import { withGrant, withTrainer } from '@nss/trainers';
import type { Caller, Outcome } from './calls.ts';
import { methods } from './contracts.ts';
import { type FuzzedMesh, TRAINER } from './mesh.ts';
import { memoryRows, type Row, rowOf } from './rows.ts';
import { drawn } from './sending.ts';
import {
  edgeScripts,
  encoded,
  JOB,
  openOf,
  type Script,
  STEP,
  scripts,
  VALID_CHECKPOINT,
  withLease,
} from './session-scripts.ts';

/* Sessions with a trainer that takes them for real: each holds a lease, most have a network, and all of them break sooner or later. */

const COMMANDS_OF_A_SCRIPT = 3;
/** Before memory is measured. */
const WARM_UP = 8;
/** A trainer that is not free by then, or cannot be leased, hangs. */
const FREE_WITHIN_MS = 120_000;

const methodOf = (name: string) => {
  const found = methods.find((method) => method.service === 'TrainerService' && method.name === name);
  if (!found) throw new Error(`trainers have no ${name}`);
  return found;
};
const session = methodOf('Session');
const getTrainer = methodOf('GetTrainer');

export type FuzzSessions = {
  /** In sessions that are drawn, about; some more are always the same. */
  readonly commands: number;
  readonly seed: number;
  /** That mean something elsewhere in the mesh. */
  readonly texts: readonly string[];
};

/** Has hostile sessions with the trainer of a mesh in which nobody else wants it, and says what became of it. */
export async function fuzzSessions(
  mesh: FuzzedMesh,
  calls: Caller,
  { commands, seed, texts }: FuzzSessions,
): Promise<Row[]> {
  const arbitrary = scripts(session, mesh.images, texts);
  const before = await oneLoss(mesh);
  const others = await objectsOfOthers(mesh);
  await runAll(mesh, calls, drawn(arbitrary, WARM_UP, seed + 1));
  const memoryBefore = await mesh.memory();
  const edges = edgeScripts(mesh.images);
  const count = edges.length + Math.ceil(commands / COMMANDS_OF_A_SCRIPT);
  const { outcomes, free } = await runAll(mesh, calls, [...edges, ...drawn(arbitrary, count - edges.length, seed)]);
  const memoryAfter = await mesh.memory();
  const after = await oneLoss(mesh).catch((error: Error) => error.message);
  const changed = [...(await objectsOfOthers(mesh))].filter(([name, digest]) => others.get(name) !== digest);
  return [
    rowOf(`commands in ${count} sessions that hold a lease`, outcomes),
    {
      done: `${count} of those sessions broken or ended`,
      expected: 'the trainer says that it is free, and is leased again',
      happened: `so after ${free} of them`,
      ok: free === count,
    },
    {
      done: 'one step of weights before and after',
      expected: 'the same loss, bit for bit',
      happened: `${before}, then ${after}`,
      ok: before === after,
    },
    {
      done: 'weights and networks of other jobs looked at before and after',
      expected: 'none written',
      happened: changed.length === 0 ? `none of ${others.size} changed` : `written: ${changed[0][0]}`,
      ok: changed.length === 0,
    },
    ...memoryRows({ [TRAINER]: memoryBefore[TRAINER] }, { [TRAINER]: memoryAfter[TRAINER] }),
  ];
}

/** Runs one script after the other, as long as the trainer becomes free again. */
async function runAll(
  mesh: FuzzedMesh,
  calls: Caller,
  all: Iterable<Script>,
): Promise<{ outcomes: Outcome[]; free: number }> {
  const outcomes: Outcome[] = [];
  let free = 0;
  for (const script of all) {
    const lost = (error: Error) => [{ status: 'no lease', fault: error.message }];
    outcomes.push(...(await run(mesh, calls, script).catch(lost)));
    if (!(await isFree(calls))) break;
    free++;
  }
  return { outcomes, free };
}

/** What became of every command of a session, and of what came before and after it. */
function run({ bus, images }: FuzzedMesh, calls: Caller, { before, open, commands, cut }: Script): Promise<Outcome[]> {
  const needs = { bus, job: JOB, signal: AbortSignal.timeout(FREE_WITHIN_MS), logger: bus.logger };
  return withGrant(needs, async ({ leaseId }) => {
    const outcomes: Outcome[] = before ? [await calls.call(session, before)] : [];
    const stream = calls.stream(session);
    const requests = [open, ...commands].map((request) => withLease(session, request, leaseId));
    const awaited = cut ? requests.slice(0, -1) : requests;
    let ended = false;
    for (const request of awaited) {
      const { ended: endedNow, ...outcome } = await stream.send(request);
      outcomes.push(outcome);
      ended = endedNow;
      if (ended) break;
    }
    if (!ended && cut) {
      void stream.send(requests[requests.length - 1]);
      // By the time that this is answered, the command is being worked on.
      await calls.ask(getTrainer, getTrainer.encode({}));
      stream.cancel();
    } else if (!ended) outcomes.push(await stream.end());
    // Opens it, if nobody did so far, and is refused otherwise.
    const last = calls.stream(session);
    const { ended: refused, ...outcome } = await last.send(encoded({ $case: 'open', value: openOf(leaseId, images) }));
    outcomes.push(refused ? outcome : await last.end());
    return outcomes;
  });
}

/** Whether the trainer says, in time, that it works for nobody. */
async function isFree(calls: Caller): Promise<boolean> {
  const end = performance.now() + FREE_WITHIN_MS;
  for (;;) {
    const answer = await calls.ask(getTrainer, getTrainer.encode({})).catch(() => undefined);
    if (answer && !(getTrainer.decodeResponse(answer) as { lease_id?: string }).lease_id) return true;
    if (!answer || performance.now() > end) return false;
    await delay(20);
  }
}

/** The loss of the first step of a fresh network; its weights are left as the checkpoint that scripts load. */
function oneLoss({ bus, images }: FuzzedMesh): Promise<number> {
  const needs = {
    bus,
    job: JOB,
    open: openOf('', images),
    signal: AbortSignal.timeout(FREE_WITHIN_MS),
    logger: bus.logger,
  };
  return withTrainer(needs, async (trainer) => {
    const [loss] = await trainer.weightSteps('weights', [STEP]);
    await trainer.save(VALID_CHECKPOINT);
    return loss;
  });
}

/** Digests of all weights and files in the mesh that are of other jobs, by their names. */
async function objectsOfOthers({ bus }: FuzzedMesh): Promise<Map<string, string>> {
  const buckets = await Promise.all([CHECKPOINTS, ARTIFACTS].map((bucket) => openObjects(bus, bucket)));
  const stored = (await Promise.all(buckets.map((bucket) => bucket.list()))).flat();
  return new Map(stored.flatMap(({ name, digest }) => (name.startsWith(`${JOB}/`) ? [] : [[name, digest]])));
}
