import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalJson, contentKey } from '../src/content.ts';
import { type JobNode, specOf } from '../src/job-node.ts';
import { costOnlySearch, eliteEvaluation, nas, search, superNetwork, trainings, warmup } from '../src/jobs.ts';
import { syntheticOutcomes, testContext } from './synthetic.ts';

test('a key depends on the content, not on the order of its keys nor on what is undefined', () => {
  assert.equal(
    contentKey('search', { a: 1, b: { c: [1, { d: 2, e: 3 }] } }),
    contentKey('search', { b: { c: [1, { e: 3, d: 2, f: undefined }] }, a: 1 }),
  );
  assert.notEqual(contentKey('search', { list: [1, 2] }), contentKey('search', { list: [2, 1] }));
  assert.notEqual(contentKey('search', { a: 1 }), contentKey('search', { a: 2 }));
  assert.match(contentKey('superNetwork', {}), /^super-network-[0-9a-f]{16}$/);
});

test('canonical JSON says the same as JSON', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      assert.deepEqual(JSON.parse(canonicalJson(value)), JSON.parse(JSON.stringify(value)));
    }),
  );
});

test('a key stays what it is over versions: stored results are found by it', () => {
  // printf '{"content":{"kind":"training","spec":{"seed":1,"target":2000000}},"resultsVersion":1}' | sha256sum, and the same of a search, version 2
  const spec = { target: 2e6, seed: 1 };
  assert.equal(contentKey('training', spec), 'training-8ec0f6e3c0507e1d');
  assert.equal(contentKey('search', spec), 'search-c904428637c15107');
});

test('jobs that compute the same have the same key, others another one', () => {
  const context = testContext();
  assert.equal(search(context, 2e6, 0).key, search(testContext({ targets: [8e6, 2e6], seeds: [0] }), 2e6, 0).key);
  const different = [
    search(context, 2e6, 0),
    search(context, 8e6, 0),
    search(context, 2e6, 1),
    costOnlySearch(context, 2e6, 0),
    search(testContext({ overrides: { search: { draws: 6 } } }), 2e6, 0),
    search(testContext({ dataset: 'cifar100' }), 2e6, 0),
  ];
  assert.equal(new Set(different.map(({ key }) => key)).size, different.length);
});

test('how many trainings there are changes none of seed 0, but which weights those of other seeds start from', () => {
  const of = (repeats: number, seed: number) =>
    trainings(testContext({ overrides: { training: { repeats } } }), 2e6, seed, 'elite');
  assert.deepEqual(keysOf(of(2, 0)), keysOf(of(3, 0)).slice(0, 2));
  const seedsOf = (nodes: readonly JobNode[]) => nodes.map(({ content }) => (content as { seed: number }).seed);
  assert.deepEqual(
    [seedsOf(of(2, 1)), seedsOf(of(3, 1))],
    [
      [2, 3],
      [3, 4, 5],
    ],
  );
});

test('a job that needs another one is known by its key, before anything has run', () => {
  const context = testContext();
  const found = search(context, 2e6, 0);
  const run = nas(context, 2e6, 0, 'elite');
  assert.deepEqual(keysOf(run.needs), [found.key]);
  assert.deepEqual((run.content as { space: unknown }).space, { of: found.key, what: 'eliteSpace' });
  assert.deepEqual(nas(context, 2e6, 0, 'search-space').needs, []);
});

test('the spec of a job has what the others found in the places of their keys', () => {
  const context = testContext();
  const found = search(context, 2e6, 0);
  const node = eliteEvaluation(context, 2e6, 0);
  const outcomes = syntheticOutcomes(context, [found, superNetwork(context, 0)]);
  const spec = specOf(node, (needed) => {
    const left = outcomes.found(needed);
    assert.ok(left);
    return left.resource;
  });
  assert.equal(spec.superNetwork, `jobs/${superNetwork(context, 0).key}`);
  assert.deepEqual(spec.populations[0].members, {
    $case: 'space',
    value: outcomes.found(found)?.resource.result?.eliteSpace,
  });
  assert.deepEqual(spec.populations[1].cost, { $case: 'matchedTo', value: 'elite-2mf' });
  assert.equal(spec.populations[1].count, context.settings.evaluation.architecturesPerSpace);
});

test('a search without the task loss needs no warmup', () => {
  const context = testContext();
  assert.deepEqual(costOnlySearch(context, 2e6, 0).needs, []);
  assert.deepEqual(keysOf(search(context, 2e6, 0).needs), [warmup(context, 0).key]);
});

const keysOf = (nodes: readonly JobNode[]) => nodes.map(({ key }) => key);
