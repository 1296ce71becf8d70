import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Evaluation, JobState, Search } from '@nss/contracts';
import { type JobKind, type Resources, resourceTypes } from '@nss/job-apis';
import { invalidArgument, unavailable } from '@nss/rpc';
import { type JobNode, type JobRunner, Outcomes, openResults, planJobs, runJobs } from '../src/index.ts';
import { eliteEvaluation, nas, search, superNetwork, warmup } from '../src/jobs.ts';
import { timesToEnd } from '../src/schedule.ts';
import { syntheticOutcomes, testContext } from './synthetic.ts';

const context = testContext();
const provenance = { commit: 'abc', machine: 'a test' };

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'nss-results-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A mesh that finds what the formulas say, and remembers what it was asked. */
function fakeMesh(overrides: Partial<JobRunner> = {}) {
  const ran: string[] = [];
  const specs = new Map<string, unknown>();
  const runner: JobRunner = {
    async run(kind, id, spec) {
      ran.push(id);
      specs.set(id, spec);
      return resourceOf(kind, id);
    },
    readArtifact: async (name) => `text of ${name}`,
    ...overrides,
  };
  return { ran, specs, runner };
}

function resourceOf<Kind extends JobKind>(kind: Kind, id: string): Resources[Kind] {
  const [found] = [...everyNode()].filter(({ key }) => key === id);
  const made = syntheticOutcomes(context, [found]).found(found)?.resource as Resources[Kind];
  if (kind !== 'evaluation') return made;
  const result = { architecturesArtifact: `evaluations/${id}/architectures.csv` };
  return Evaluation.fromPartial({ ...(made as Resources['evaluation']), result }) as Resources[Kind];
}

function* everyNode(): Generator<JobNode> {
  for (const seed of context.seeds) {
    yield warmup(context, seed);
    yield superNetwork(context, seed);
    for (const target of context.targets) {
      yield search(context, target, seed);
      yield eliteEvaluation(context, target, seed);
      yield nas(context, target, seed, 'elite');
    }
  }
}

async function run(
  folder: string,
  wanted: readonly JobNode[],
  runner: JobRunner,
  rest: { signal?: AbortSignal; concurrency?: number } = {},
) {
  const results = openResults(folder);
  const stored = new Set(await results.keys());
  const outcomes = new Outcomes();
  const plan = planJobs(wanted, ({ key }) => stored.has(key));
  await runJobs({
    plan,
    outcomes,
    folder: results,
    runner,
    concurrency: 2,
    secondsOf: ({ work }) => work,
    provenance,
    signal: new AbortController().signal,
    ...rest,
  });
  return outcomes;
}

const evaluationNode = eliteEvaluation(context, 2e6, 0);
const searchNode = search(context, 2e6, 0);

test('jobs run after those that they need, and leave results', async (t) => {
  const folder = folderOf(t);
  const { ran, specs, runner } = fakeMesh();
  const outcomes = await run(folder, [evaluationNode], runner);
  assert.deepEqual(
    ran.toSorted(),
    [warmup(context, 0).key, superNetwork(context, 0).key, searchNode.key, evaluationNode.key].sort(),
  );
  assert.ok(ran.indexOf(warmup(context, 0).key) < ran.indexOf(searchNode.key));
  assert.equal(ran.at(-1), evaluationNode.key);
  assert.equal((specs.get(searchNode.key) as { warmup: string }).warmup, `jobs/${warmup(context, 0).key}`);
  assert.deepEqual(outcomes.found(evaluationNode)?.artifacts, {
    'architectures.csv': `text of evaluations/${evaluationNode.key}/architectures.csv`,
  });
});

test('what is stored is not run again, nor what it needed', async (t) => {
  const folder = folderOf(t);
  const first = await run(folder, [evaluationNode], fakeMesh().runner);
  const { ran, runner } = fakeMesh();
  const second = await run(folder, [evaluationNode], runner);
  assert.deepEqual(ran, []);
  assert.deepEqual(second.found(evaluationNode), first.found(evaluationNode));
});

test('weights are made only for jobs that have to run', async (t) => {
  const folder = folderOf(t);
  await run(folder, [searchNode], fakeMesh().runner);
  const { ran, runner } = fakeMesh();
  await run(folder, [searchNode, nas(context, 2e6, 0, 'elite')], runner);
  assert.deepEqual(ran, [nas(context, 2e6, 0, 'elite').key]);
  const more = fakeMesh();
  await run(folder, [searchNode, search(context, 8e6, 0)], more.runner);
  assert.deepEqual(more.ran, [warmup(context, 0).key, search(context, 8e6, 0).key]);
});

test('a job that fails takes along what needs it; the others go on, and the next run makes it again', async (t) => {
  const folder = folderOf(t);
  const failing = fakeMesh({
    async run(kind, id) {
      if (id !== searchNode.key) return resourceOf(kind, id);
      const status = { state: JobState.FAILED, error: { code: 'INTERNAL', reason: 'X', message: 'out of luck' } };
      return Search.fromPartial({ name: `searches/${id}`, status }) as Resources[typeof kind];
    },
  });
  const other = eliteEvaluation(context, 8e6, 0);
  const outcomes = await run(folder, [evaluationNode, other], failing.runner);
  assert.deepEqual(outcomes.of(searchNode), { missing: 'it failed: out of luck' });
  assert.deepEqual(outcomes.of(evaluationNode), {
    missing: 'it needs "search, 2 MF, seed 0", which is missing: it failed: out of luck',
  });
  assert.ok(outcomes.found(other));
  const { ran, runner } = fakeMesh();
  assert.ok((await run(folder, [evaluationNode, other], runner)).found(evaluationNode));
  assert.ok(ran.includes(searchNode.key) && !ran.includes(other.key));
});

test('a job that the mesh refuses is missing, with what is wrong with it', async (t) => {
  const { runner } = fakeMesh({
    run: async () => {
      throw invalidArgument([{ field: 'spec.target_multiply_adds', description: 'out of reach' }]);
    },
  });
  assert.deepEqual((await run(folderOf(t), [warmup(context, 0)], runner)).of(warmup(context, 0)), {
    missing: 'the mesh refused it: spec.target_multiply_adds: out of reach',
  });
});

test('a mesh that is lost ends the run; what was stored by then stays', async (t) => {
  const folder = folderOf(t);
  const { runner } = fakeMesh({
    async run(kind, id) {
      if (id === evaluationNode.key) throw unavailable('gone');
      return resourceOf(kind, id);
    },
  });
  await assert.rejects(run(folder, [evaluationNode], runner), /gone/);
  assert.ok((await openResults(folder).keys()).includes(searchNode.key));
});

test('a mesh that is lost in the moment in which another job ends still ends the run', async (t) => {
  const [ending, failing] = [superNetwork(context, 0), warmup(context, 0)];
  const stored = openResults(folderOf(t));
  const putting = Promise.withResolvers<void>();
  const storing = Promise.withResolvers<void>();
  const lost = Promise.withResolvers<never>();
  const { runner } = fakeMesh({
    run: (kind, id) => (id === failing.key ? lost.promise : Promise.resolve(resourceOf(kind, id))),
  });
  const running = runJobs({
    plan: planJobs([ending, failing], () => false),
    outcomes: new Outcomes(),
    folder: {
      ...stored,
      put: () => {
        putting.resolve();
        return storing.promise;
      },
    },
    runner,
    concurrency: 2,
    secondsOf: ({ work }) => work,
    provenance,
    signal: new AbortController().signal,
  });
  await putting.promise;
  storing.resolve();
  lost.reject(unavailable('gone'));
  await assert.rejects(running, /gone/);
});

test('a run that is stopped ends with the reason, and its jobs are let go', async (t) => {
  const stop = new AbortController();
  const letGo = Promise.withResolvers<void>();
  const { runner } = fakeMesh({
    run: (_kind, _id, _spec, _onChange, signal) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          letGo.resolve();
          reject(signal.reason);
        });
        stop.abort(new Error('stopped'));
      }),
  });
  await assert.rejects(run(folderOf(t), [warmup(context, 0)], runner, { signal: stop.signal }), /stopped/);
  await letGo.promise;
});

test('no more jobs run at once than were asked for', async (t) => {
  let running = 0;
  let most = 0;
  const { runner } = fakeMesh({
    async run(kind, id) {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
      return resourceOf(kind, id);
    },
  });
  await run(folderOf(t), [...everyNode()], runner, { concurrency: 3 });
  assert.equal(most, 3);
});

test('the jobs that the most work waits for come first', () => {
  const nodes = planJobs([warmup(context, 1), evaluationNode], () => false).toRun;
  const times = timesToEnd(
    nodes,
    ({ kind }) => ({ evaluation: 5, search: 10, superNetwork: 30, warmup: 1 })[kind as string] ?? 0,
  );
  assert.deepEqual(
    nodes.map(({ kind, key }) => [kind, times.get(key)]),
    [
      ['warmup', 1],
      ['superNetwork', 35],
      ['warmup', 16],
      ['search', 15],
      ['evaluation', 5],
    ],
  );
});

test('a stored result says what it is of, what it took and where it was made', async (t) => {
  const folder = folderOf(t);
  await run(folder, [searchNode], fakeMesh().runner);
  const results = openResults(folder);
  assert.deepEqual(await results.costs(), [
    { kind: 'search', work: searchNode.work, trainerSeconds: 10 },
    { kind: 'warmup', work: warmup(context, 0).work, trainerSeconds: 10 },
  ]);
  const found = await results.get(searchNode);
  assert.equal(found?.resource.status?.state, JobState.SUCCEEDED);
  const {
    job,
    artifacts: _,
    ...about
  } = JSON.parse((await import('node:fs')).readFileSync(join(folder, `${searchNode.key}.json`), 'utf8'));
  assert.deepEqual(about, {
    schema: 'nss.result/v1',
    key: searchNode.key,
    title: 'search, 2 MF, seed 0',
    kind: 'search',
    content: JSON.parse(JSON.stringify(searchNode.content)),
    work: searchNode.work,
    trainerSeconds: 10,
    engines: ['formulas'],
    provenance,
  });
  assert.deepEqual(resourceTypes.search.fromJSON(job), found?.resource);
});

test('a stored result that cannot be read is named', async (t) => {
  const folder = folderOf(t);
  const file = join(folder, `${searchNode.key}.json`);
  writeFileSync(file, '{"schema": "nss.result/v1", "job"');
  await assert.rejects(openResults(folder).get(searchNode), {
    message: `${file} is no stored result; delete it to have it made again`,
  });
  writeFileSync(file, '{"schema": "nss.result/v99"}');
  await assert.rejects(openResults(folder).get(searchNode), /no stored result/);
  assert.equal(await openResults(folder).get(evaluationNode), undefined);
});
