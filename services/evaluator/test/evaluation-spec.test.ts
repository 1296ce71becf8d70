import assert from 'node:assert/strict';
import { test } from 'node:test';
import { presetOf } from '@nss/campaign';
import {
  Checkpoint,
  DesignRule,
  type EvaluationSpec,
  type FieldViolation,
  fromArchitecture,
  fromNetworkSpace,
  JobState,
  JobStatus,
  Population,
  SuperNetwork,
} from '@nss/contracts';
import type { RunningJob } from '@nss/jobs';
import { NssError, notFound } from '@nss/rpc';
import { parseArchitecture, parseSpace } from '@nss/space';
import { type EvaluationTools, evaluationViolations, runEvaluation } from '../src/evaluation.ts';
import { toEvaluation } from '../src/evaluation-spec.ts';
import { superNetworkViolations } from '../src/super-network.ts';

const { dataset: images, searchSpace, evaluation } = presetOf('tiny');
const dataset = { name: 'cifar10', folder: undefined, ...images };
const space = fromNetworkSpace(parseSpace('1..1x1..4-1..2x1..4-2..2x5..8'));
const drawn = Population.create({ label: '1mf', members: { $case: 'space', value: space }, count: 6 });
const matched = Population.create({ label: 'm', count: 6, cost: { $case: 'matchedTo', value: '1mf' } });

const specWith = (populations: Population[], rest: Partial<EvaluationSpec> = {}): EvaluationSpec => ({
  dataset,
  searchSpace,
  superNetwork: 'superNetworks/one',
  calibrationImages: 64,
  seed: 0,
  populations,
  ...rest,
});

const listed = (...texts: string[]): Population['members'] => ({
  $case: 'architectures',
  value: { architectures: texts.map((text) => fromArchitecture(parseArchitecture(text))) },
});

test('a sound spec becomes domain values', () => {
  const violations: FieldViolation[] = [];
  const rule = { nondecreasingDepths: true, nondecreasingWidths: false };
  const range = { minMultiplyAdds: 1e5, maxMultiplyAdds: 2e5 };
  const found = toEvaluation(
    specWith([
      drawn,
      matched,
      Population.create({ label: 'ruled', count: 3, designRule: rule, cost: { $case: 'costRange', value: range } }),
      Population.create({ label: 'listed', members: listed('1x1-2x2-1x8') }),
    ]),
    violations,
  );
  assert.deepEqual(violations, []);
  const whole = parseSpace('1..2x1..8-1..2x1..8-1..2x1..8');
  assert.deepEqual(found?.populations, [
    { label: '1mf', within: space, count: 6, cost: undefined, rule: undefined },
    { label: 'm', within: whole, count: 6, cost: { matchedTo: '1mf' }, rule: undefined },
    { label: 'ruled', within: whole, count: 3, cost: { min: 1e5, max: 2e5 }, rule },
    { label: 'listed', architectures: [parseArchitecture('1x1-2x2-1x8')] },
  ]);
});

test('everything that is wrong with a spec is told at once, with the paths of the contract', () => {
  const wide = fromNetworkSpace(parseSpace('1..1x1..4-1..2x1..400-2..2x5..8'));
  const violations = evaluationViolations(
    specWith(
      [
        Population.create({ label: 'Capital', count: 1 }),
        Population.create({ label: 'a', count: 0, cost: { $case: 'matchedTo', value: 'later' } }),
        Population.create({ label: 'a', count: 1, members: { $case: 'space', value: wide } }),
        Population.create({ label: 'itself', count: 1, cost: { $case: 'matchedTo', value: 'itself' } }),
        Population.create({
          label: 'later',
          members: listed('1x1-2x2-1x9'),
          count: 3,
          designRule: DesignRule.create(),
        }),
        Population.create({ label: 'none', members: listed(), cost: { $case: 'matchedTo', value: 'a' } }),
        Population.create({
          label: 'turned',
          count: 1,
          cost: { $case: 'costRange', value: { minMultiplyAdds: 2, maxMultiplyAdds: 1 } },
        }),
        Population.create({
          label: 'dear',
          count: 1,
          cost: { $case: 'costRange', value: { minMultiplyAdds: 1e9, maxMultiplyAdds: 2e9 } },
        }),
      ],
      { seed: -1, superNetwork: 'warmups/one', calibrationImages: 0 },
    ),
  );
  assert.deepEqual(violations.map(({ field }) => field).sort(), [
    'spec.calibration_images',
    'spec.populations[0].label',
    'spec.populations[1].count',
    'spec.populations[1].matched_to',
    'spec.populations[2].label',
    'spec.populations[2].space.stages[1].width.max',
    'spec.populations[3].matched_to',
    'spec.populations[4].architectures.architectures[0].stages[2].width',
    'spec.populations[4].count',
    'spec.populations[4].design_rule',
    'spec.populations[5].architectures.architectures',
    'spec.populations[5].matched_to',
    'spec.populations[6].cost_range',
    'spec.populations[7].cost_range',
    'spec.seed',
    'spec.super_network',
  ]);
});

test('populations have a limit together, not only each', () => {
  const many = (count: number) =>
    specWith(['a', 'b'].map((label) => Population.create({ label, count, members: { $case: 'space', value: space } })));
  assert.deepEqual(evaluationViolations(many(50_000)), []);
  assert.deepEqual(evaluationViolations(many(50_001)), [
    {
      field: 'spec.populations',
      description: 'expected at most 100000 architectures in all populations together, found 100002',
    },
  ]);
});

test('one image is no calibration', () => {
  const fields = evaluationViolations(specWith([drawn], { calibrationImages: 1 })).map(({ field }) => field);
  assert.deepEqual(fields, ['spec.calibration_images']);
});

test('a spec without populations, without a data set or with nothing at all is refused', () => {
  const fields = (spec: EvaluationSpec | undefined) => evaluationViolations(spec).map(({ field }) => field);
  assert.deepEqual(fields(specWith([])), ['spec.populations']);
  assert.deepEqual(fields(specWith([drawn], { dataset: undefined })), ['spec.dataset']);
  assert.deepEqual(fields(undefined), ['spec']);
  assert.deepEqual(
    superNetworkViolations({ dataset, searchSpace, weights: undefined, seed: -1 }).map(({ field }) => field),
    ['spec.seed', 'spec.weights'],
  );
});

test('labels that are no prefix of each other may hold dots and hyphens', () => {
  assert.deepEqual(evaluationViolations(specWith([drawn, { ...matched, label: '1.6gf-s0-matched' }])), []);
});

const trained = SuperNetwork.create({
  name: 'superNetworks/one',
  spec: { dataset, searchSpace, weights: evaluation.weights, seed: 0 },
  status: JobStatus.create({ state: JobState.SUCCEEDED }),
  checkpoint: Checkpoint.create({ checkpointId: 'superNetworks/one/12', digest: 'SHA-256=', bytes: 8 }),
});

/** What an evaluation on this super network ends with, before it asks for a trainer. */
async function endWith(findSuperNetwork: EvaluationTools['findSuperNetwork']): Promise<NssError> {
  const job = { resource: () => ({ spec: specWith([drawn]) }) } as unknown as RunningJob<never>;
  try {
    await runEvaluation(job, { findSuperNetwork } as EvaluationTools);
  } catch (error) {
    return NssError.from(error);
  }
  assert.fail('the evaluation ran');
}

test('an evaluation whose super network is not there ends with NOT_FOUND', async () => {
  const error = await endWith((name) => Promise.reject(notFound(name)));
  assert.equal(error.codeName, 'NOT_FOUND');
  assert.match(error.message, /superNetworks\/one/);
});

test('an evaluation whose super network is not trained yet, or failed, ends with FAILED_PRECONDITION', async () => {
  for (const state of [JobState.PENDING, JobState.RUNNING, JobState.FAILED, JobState.CANCELLED]) {
    const error = await endWith(async () => ({
      ...trained,
      status: JobStatus.create({ state }),
      checkpoint: undefined,
    }));
    assert.deepEqual([error.codeName, error.reason], ['FAILED_PRECONDITION', 'SUPER_NETWORK_NOT_DONE']);
    assert.match(error.message, new RegExp(state));
  }
});

test('an evaluation whose super network holds another search space or saw other images ends with FAILED_PRECONDITION', async () => {
  const { spec } = trained;
  assert.ok(spec);
  const others: [Partial<typeof spec>, RegExp][] = [
    [{ dataset: { ...dataset, trainImages: 128 } }, /another dataset;/],
    [{ searchSpace: { ...searchSpace, stemWidth: 8 } }, /another search_space;/],
  ];
  for (const [change, expected] of others) {
    const error = await endWith(async () => ({ ...trained, spec: { ...spec, ...change } }));
    assert.deepEqual([error.codeName, error.reason], ['FAILED_PRECONDITION', 'SUPER_NETWORK_DIFFERS']);
    assert.match(error.message, expected);
  }
});
