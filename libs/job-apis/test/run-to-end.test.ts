import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JobState, JobStatus, Search, SearchSpec } from '@nss/contracts';
import { alreadyExists, invalidArgument, notFound, unavailable } from '@nss/rpc';
import { type JobApi, type JobApis, runToEnd } from '../src/index.ts';

const spec = SearchSpec.fromPartial({ targetMultiplyAdds: 2e6, seed: 1 });
const { signal } = new AbortController();

/** Searches that are kept in a list: created ones succeed when they are watched. */
function fakeSearches(...stored: Search[]) {
  const calls: string[] = [];
  const find = (name: string) => stored.find((search) => search.name === name);
  const end = (search: Search, state: JobState) => {
    const ended = Search.fromPartial({ ...search, status: { state } });
    stored[stored.findIndex(({ name }) => name === search.name)] = ended;
    return ended;
  };
  const api: JobApi<SearchSpec, Search> = {
    nameOf: (id) => `searches/${id}`,
    async create(id, created) {
      calls.push(`create ${id}`);
      if (find(`searches/${id}`)) throw alreadyExists(id);
      stored.push(searchIn(JobState.PENDING, created));
      return stored[stored.length - 1];
    },
    async get(name) {
      const search = find(name);
      if (!search) throw notFound(name);
      return search;
    },
    async cancel(name) {
      calls.push(`cancel ${name}`);
      const search = find(name);
      if (search)
        stored[stored.indexOf(search)] = Search.fromPartial({ ...search, status: { state: JobState.CANCELLING } });
    },
    suspend: () => assert.fail('nothing suspends jobs here'),
    resume: () => assert.fail('nothing resumes jobs here'),
    async delete(name) {
      calls.push(`delete ${name}`);
      const search = find(name);
      if (search) stored.splice(stored.indexOf(search), 1);
    },
    async *watch(name, afterChange) {
      calls.push(`watch ${afterChange}`);
      const search = find(name);
      if (!search) throw notFound(name);
      yield { change: 1, resource: search };
      const cancelling = search.status?.state === JobState.CANCELLING;
      yield { change: 2, resource: end(search, cancelling ? JobState.CANCELLED : JobState.SUCCEEDED) };
    },
  };
  return {
    calls,
    api,
    run: () => runToEnd({ search: api } as JobApis, 'search', 'a', spec, { signal, reconnectMs: 0 }),
  };
}

const searchIn = (state: JobState, of = spec) =>
  Search.fromPartial({ name: 'searches/a', spec: of, status: JobStatus.fromPartial({ state }) });

test('a job that is not there is created and watched to its end', async () => {
  const { calls, run } = fakeSearches();
  assert.equal((await run()).status?.state, JobState.SUCCEEDED);
  assert.deepEqual(calls, ['create a', 'watch 0']);
});

test('a finished job is given as it is, a running one is joined', async () => {
  const done = fakeSearches(searchIn(JobState.SUCCEEDED));
  assert.equal((await done.run()).status?.state, JobState.SUCCEEDED);
  assert.deepEqual(done.calls, []);
  const running = fakeSearches(searchIn(JobState.RUNNING));
  await running.run();
  assert.deepEqual(running.calls, ['watch 0']);
});

test('a job that failed or was cancelled is deleted and made anew', async () => {
  for (const state of [JobState.FAILED, JobState.CANCELLED]) {
    const { calls, run } = fakeSearches(searchIn(state));
    assert.equal((await run()).status?.state, JobState.SUCCEEDED);
    assert.deepEqual(calls, ['delete searches/a', 'create a', 'watch 0']);
  }
});

test('a job that does something else under the id makes room, also while it runs', async () => {
  const other = SearchSpec.fromPartial({ ...spec, seed: 2 });
  const ended = fakeSearches(searchIn(JobState.SUCCEEDED, other));
  assert.equal((await ended.run()).spec?.seed, 1);
  assert.deepEqual(ended.calls, ['delete searches/a', 'create a', 'watch 0']);
  const running = fakeSearches(searchIn(JobState.RUNNING, other));
  assert.equal((await running.run()).spec?.seed, 1);
  assert.deepEqual(running.calls, ['cancel searches/a', 'watch 0', 'delete searches/a', 'create a', 'watch 0']);
});

test('a job that somebody else creates in between is joined', async () => {
  const { calls, api, run } = fakeSearches();
  const create = api.create;
  api.create = async (...request) => {
    api.create = create;
    await create(...request);
    return create(...request);
  };
  await run();
  assert.deepEqual(calls, ['create a', 'create a', 'watch 0']);
});

test('a service that is away is asked again; what it refuses is thrown', async () => {
  const { api, run } = fakeSearches();
  const create = api.create;
  let away = 2;
  api.create = async (...request) => {
    if (away-- > 0) throw unavailable('restarting');
    return create(...request);
  };
  assert.equal((await run()).status?.state, JobState.SUCCEEDED);
  const refusing = fakeSearches();
  refusing.api.create = async () => {
    throw invalidArgument([{ field: 'spec.target_multiply_adds', description: 'no such target' }]);
  };
  await assert.rejects(refusing.run(), { codeName: 'INVALID_ARGUMENT' });
});

test('a watch that breaks goes on after the last change seen', async () => {
  const { calls, api, run } = fakeSearches(searchIn(JobState.RUNNING));
  const watch = api.watch;
  api.watch = async function* (...request) {
    api.watch = watch;
    for await (const change of watch(...request)) {
      yield change;
      throw unavailable('the connection aged');
    }
  };
  await run();
  assert.deepEqual(calls, ['watch 0', 'watch 1']);
});

test('a job that fails now is given as it failed', async () => {
  const { api, run } = fakeSearches();
  api.watch = async function* () {
    yield { change: 1, resource: searchIn(JobState.FAILED) };
  };
  assert.equal((await run()).status?.state, JobState.FAILED);
});
