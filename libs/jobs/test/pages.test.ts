import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JobStatus } from '@nss/contracts';
import { NssError } from '@nss/rpc';
import fc from 'fast-check';
import type { Job } from '../src/kinds.ts';
import { comparePlaces, countUpTo, type PageRequest, pageOf, placeOf } from '../src/pages.ts';

const job = (name: string, createdMs: number): Job => ({
  name,
  spec: undefined,
  status: JobStatus.fromPartial({ createTime: new Date(createdMs) }),
});
/** A page of jobs in any order. */
function pageOfJobs(jobs: readonly Job[], collection: string, request: PageRequest) {
  return pageOf(jobs.map(placeOf).toSorted(comparePlaces), collection, request);
}

// Few distinct times, so that many jobs share one.
const someJobs = fc
  .array(fc.integer({ min: 0, max: 5 }), { maxLength: 60 })
  .map((times) => times.map((time, i) => job(`searches/j${i}`, time)));
const pageSize = fc.integer({ min: 1, max: 20 });

/** Names on all pages; `between` may change the jobs after each page. */
function allNames(jobs: readonly Job[], size: number, between: (jobs: readonly Job[]) => readonly Job[] = (j) => j) {
  const names: string[] = [];
  let pageToken = '';
  do {
    const page = pageOfJobs(jobs, 'searches', { pageSize: size, pageToken });
    assert.ok(page.places.length <= size);
    names.push(...page.places.map(({ name }) => name));
    pageToken = page.nextPageToken;
    jobs = between(jobs);
  } while (pageToken !== '');
  return names;
}

test('the pages of any size hold every job once, newest first', () => {
  fc.assert(
    fc.property(someJobs, pageSize, (jobs, size) => {
      const names = allNames(jobs, size);
      assert.deepEqual(names.toSorted(), jobs.map(({ name }) => name).toSorted());
      const created = names.map((name) => jobs.find((each) => each.name === name)?.status?.createTime?.getTime() ?? 0);
      assert.deepEqual(
        created,
        created.toSorted((a, b) => b - a),
      );
    }),
  );
});

test('jobs that come and go between pages neither hide nor repeat the others', () => {
  fc.assert(
    fc.property(someJobs, pageSize, (jobs, size) => {
      let next = 0;
      const stays = (name: string) => Number(name.slice('searches/j'.length)) % 3 !== 0;
      const names = allNames(jobs, size, (before) => [
        ...before.filter(({ name }) => stays(name) || !name.startsWith('searches/j')),
        job(`searches/new${next++}`, 1_000),
      ]);
      assert.equal(new Set(names).size, names.length);
      for (const { name } of jobs) if (stays(name)) assert.ok(names.includes(name), name);
    }),
  );
});

test('a job is put where a sort would put it', () => {
  fc.assert(
    fc.property(someJobs, (jobs) => {
      const places: ReturnType<typeof placeOf>[] = [];
      for (const place of jobs.map(placeOf)) places.splice(countUpTo(places, place), 0, place);
      assert.deepEqual(places, jobs.map(placeOf).toSorted(comparePlaces));
    }),
  );
});

test('a page has 100 jobs unless told, and 1000 at most', () => {
  const many = Array.from({ length: 1_500 }, (_, i) => job(`searches/j${i}`, i));
  assert.equal(pageOfJobs(many, 'searches', {}).places.length, 100);
  assert.equal(pageOfJobs(many, 'searches', { pageSize: 5_000 }).places.length, 1_000);
  assert.equal(pageOfJobs(many, 'searches', { pageSize: 1 }).places[0].name, 'searches/j1499');
});

test('no text but a token of this collection is taken as one', () => {
  const many = [job('searches/a', 1), job('searches/b', 2)];
  const { nextPageToken } = pageOfJobs(many, 'searches', { pageSize: 1 });
  const refused = (collection: string, pageToken: string) =>
    assert.throws(
      () => pageOfJobs(many, collection, { pageToken }),
      (error) => error instanceof NssError && error.fieldViolations[0].field === 'page_token',
    );
  refused('warmups', nextPageToken);
  fc.assert(fc.property(fc.string({ minLength: 1 }), (text) => refused('searches', text)));
  fc.assert(fc.property(fc.json(), (json) => refused('searches', Buffer.from(json).toString('base64url'))));
});
