import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ARTIFACTS, type Bus, CHECKPOINTS, connectBus, ensureTopology, openObjects } from '@nss/bus';
import { startNatsServer, type TestNatsServer } from '@nss/bus/testing';
import {
  Campaign,
  CampaignServiceService,
  CampaignSpec,
  Evaluation,
  EvaluationServiceService,
  type EvaluationSpec,
  JobState,
  Phase,
  Population,
  Search,
  SearchServiceService,
  SuperNetwork,
  SuperNetworkServiceService,
  Training,
  TrainingServiceService,
  WarmupServiceService,
} from '@nss/contracts';
import { type Client, connect, failedPrecondition, NssError } from '@nss/rpc';
import { createLogger } from '@nss/runtime';
import { freeAddresses, type MeshEnvironment, type ServiceProcess, startService } from './mesh-processes.ts';
import { type AnalyticTrainerServer, startAnalyticTrainer } from './simulation/analytic-trainer.ts';

/*
 * The whole mesh as processes on a real NATS server, with trainers that compute formulas in place of tensors.
 */

const logger = createLogger('test', { level: process.env.NSS_TEST_LOGS ? 'info' : 'silent' });
let nats: TestNatsServer;
let bus: Bus;
let trainer: AnalyticTrainerServer;
let env: MeshEnvironment;
let controllerAddress: string;
let controller: ServiceProcess;
let evaluator: ServiceProcess;
const others: ServiceProcess[] = [];
let campaigns: Client<typeof CampaignServiceService>;

before(async () => {
  nats = await startNatsServer();
  bus = await connectBus({ url: nats.url, name: 'test', logger });
  await ensureTopology(bus);
  const [spaceController, flopsEstimator, evaluatorAddress, nasRunner] = await freeAddresses(4);
  controllerAddress = spaceController;
  env = {
    NSS_NATS_URL: nats.url,
    NSS_SPACE_CONTROLLER_ADDRESS: spaceController,
    NSS_FLOPS_ESTIMATOR_ADDRESS: flopsEstimator,
    NSS_EVALUATOR_ADDRESS: evaluatorAddress,
    NSS_NAS_RUNNER_ADDRESS: nasRunner,
    // Every chance to store a state is taken.
    NSS_CHECKPOINT_SECONDS: '0',
    // The jobs of a service that was killed go on this soon.
    NSS_ACK_WAIT_SECONDS: '1',
  };
  const starting = [
    startService('space-controller', spaceController, env),
    startService('evaluator', evaluatorAddress, env),
    startService('flops-estimator', flopsEstimator, env),
    startService('nas-runner', nasRunner, env),
  ];
  // A service that does not start fails the tests; those that did must still be stopped, or they would keep this process.
  for (const result of await Promise.allSettled(starting)) if (result.status === 'fulfilled') others.push(result.value);
  [controller, evaluator] = await Promise.all(starting);
  others.splice(0, 2);
  trainer = await startAnalyticTrainer(bus, 'trainer-1', logger);
  campaigns = connect(CampaignServiceService, spaceController);
});

after(async () => {
  campaigns?.close();
  await trainer?.close();
  const codes = await Promise.all([controller, evaluator, ...others].map((service) => service?.stop()));
  await bus?.close();
  await nats?.stop();
  assert.deepEqual(codes, [0, 0, 0, 0]);
});

const tiny = (targetsMultiplyAdds: number[], rest: Partial<CampaignSpec> = {}) =>
  Campaign.create({
    spec: CampaignSpec.create({ dataset: 'cifar10', preset: 'tiny', targetsMultiplyAdds, ...rest }),
  });

async function watchToEnd(name: string, onChange: (campaign: Campaign) => void = () => {}): Promise<Campaign> {
  let seen = 0;
  let last: Campaign | undefined;
  for (;;) {
    try {
      for await (const { change, campaign } of campaigns.watchCampaign({ name, afterChange: seen })) {
        assert.ok(change > seen, 'changes grow');
        seen = change;
        if (!campaign) continue;
        last = campaign;
        onChange(campaign);
      }
      assert.ok(last);
      return last;
    } catch (error) {
      if (!NssError.from(error).retryable) throw error;
    }
  }
}

async function lastOf<T>(changes: AsyncIterable<T>): Promise<T> {
  let last: T | undefined;
  for await (const change of changes) last = change;
  assert.ok(last);
  return last;
}

async function readArtifact(name: string): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const { data } of campaigns.readArtifact({ name })) chunks.push(data);
  return Buffer.concat(chunks).toString('utf8');
}

const stateOf = (campaign: Campaign) => `${campaign.status?.state} ${campaign.status?.error?.message ?? ''}`.trim();

/** What a campaign found, without names and times. */
async function findings(id: string, campaign: Campaign) {
  const evaluations = campaign.phases.flatMap(({ jobs }) => jobs.filter((name) => name.startsWith('evaluations/')));
  const csv = await Promise.all(evaluations.map((name) => readArtifact(`${name}/architectures.csv`)));
  const table = await readArtifact(`campaigns/${id}/table.csv`);
  return {
    spaces: campaign.eliteSpaces.map(({ text, certificate }) => ({ text, certificate })),
    csv,
    table,
  };
}

let undisturbed: Awaited<ReturnType<typeof findings>>;

test('a campaign runs all its phases and leaves Elite Spaces and a report', async () => {
  const created = await campaigns.createCampaign({
    campaignId: 'first',
    campaign: tiny([60_000, 150_000]),
    requestId: 'first',
  });
  assert.equal(created.name, 'campaigns/first');
  const shares: number[] = [];
  const campaign = await watchToEnd('campaigns/first', ({ phases }) => {
    shares.push(phases.reduce((sum, { completed }) => sum + completed, 0));
  });
  assert.equal(stateOf(campaign), JobState.SUCCEEDED);
  assert.deepEqual(
    campaign.phases.map(({ state, completed, jobs, jobsSucceeded }) => [state, completed, jobs.length, jobsSucceeded]),
    [1, 2, 4, 4, 8, 0].map((jobs) => [JobState.SUCCEEDED, 1, jobs, jobs]),
  );
  assert.deepEqual(
    shares,
    shares.toSorted((a, b) => a - b),
  );
  assert.deepEqual(
    campaign.eliteSpaces.map(({ targetMultiplyAdds, seed }) => [targetMultiplyAdds, seed]),
    [
      [60_000, 0],
      [150_000, 0],
    ],
  );
  for (const { certificate, space } of campaign.eliteSpaces) {
    assert.ok(certificate?.exact && space);
    assert.ok(certificate.architectures === 64);
  }
  assert.deepEqual(campaign.artifacts.map((name) => name.split('/').at(-1)).sort(), [
    'architectures.csv',
    'campaign.json',
    'elite-spaces.json',
    'report.html',
    'table.csv',
  ]);
  const [, , evaluation] = campaign.phases;
  assert.deepEqual(evaluation.jobs, [
    'superNetworks/first-super-network',
    'evaluations/first-evaluation-0-06mf-s0',
    'evaluations/first-evaluation-0-15mf-s0',
    'evaluations/first-evaluation-search-space',
  ]);
  assert.match(await readArtifact('campaigns/first/report.html'), /^<!doctype html>/i);
  const [, ...rows] = (await readArtifact('campaigns/first/architectures.csv')).trim().split('\r\n');
  const sources = rows.map((row) => row.split(',').slice(0, 3).join(' '));
  const of = (...sourcesOfLabel: string[]) =>
    sourcesOfLabel.flatMap((source) => Array(6).fill(`first-super-network ${source}`));
  assert.deepEqual(sources, of('0.06mf elite', '0.06mf matched', '0.15mf elite', '0.15mf matched', ' search-space'));
  undisturbed = await findings('first', campaign);
});

test('weights of jobs that are done are gone, but those that belong to a result', async () => {
  const names = (await (await openObjects(bus, CHECKPOINTS)).list()).map(({ name }) =>
    name.split('/').slice(0, 2).join('/'),
  );
  assert.deepEqual(
    names.filter((name) => /^(searches|nasRuns|evaluations)\//.test(name)),
    [],
  );
  assert.ok(names.includes('warmups/first-warmup-s0'));
  assert.ok(names.includes('superNetworks/first-super-network'));
  assert.equal(new Set(names).size, names.length, 'one a job');
});

test('a campaign whose controller and trainer die on the way ends with the same findings', async () => {
  const reached = Promise.withResolvers<void>();
  trainer.before = async (command) => {
    if (command.$case !== 'taskLosses' || command.value.iteration < 5) return;
    reached.resolve();
    // Holds the search where it is; this trainer does not come back.
    await new Promise(() => {});
  };
  await campaigns.createCampaign({
    campaignId: 'second',
    campaign: tiny([60_000, 150_000]),
    requestId: 'second',
  });
  await reached.promise;
  await controller.kill();
  await trainer.close();
  trainer = await startAnalyticTrainer(bus, 'trainer-2', logger);
  controller = await startService('space-controller', controllerAddress, env);
  const campaign = await watchToEnd('campaigns/second');
  assert.equal(stateOf(campaign), JobState.SUCCEEDED);
  assert.deepEqual(await findings('second', campaign), undisturbed);
  // A search or architecture search takes 6 theta steps; the first search had 3 of them behind it, or 2 in its last checkpoint: a step is
  // asked for while the state before it is being stored.
  const steps = trainer.log.filter((command) => command === 'taskLosses').length;
  assert.ok(steps === 6 * 6 - 3 || steps === 6 * 6 - 2, `${steps} theta steps`);
});

test('an evaluation whose service dies goes on without measuring anything again', async () => {
  const evaluations = connect(EvaluationServiceService, env.NSS_EVALUATOR_ADDRESS);
  const create = async (evaluationId: string) => {
    // Enough that a third batch of eight is needed.
    const populations = [
      Population.create({ label: 'many', count: 40 }),
      Population.create({ label: 'few', count: 3 }),
    ];
    const first = await evaluations.getEvaluation({ name: 'evaluations/first-evaluation-search-space' });
    assert.ok(first.spec);
    const evaluation = Evaluation.create({ spec: { ...first.spec, populations } });
    await evaluations.createEvaluation({ evaluationId, evaluation, requestId: evaluationId });
  };
  const ended = async (name: string) =>
    (await lastOf(evaluations.watchEvaluation({ name, afterChange: 0 }))).evaluation as Evaluation;
  await create('undisturbed');
  const first = await ended('evaluations/undisturbed');
  assert.equal(first.status?.state, JobState.SUCCEEDED);
  const reached = Promise.withResolvers<void>();
  const measured: number[] = [];
  trainer.before = async (command) => {
    if (command.$case !== 'evaluate') return;
    if (measured.length === 2) {
      reached.resolve();
      // Its holder is about to die, and the session with it.
      await new Promise(() => {});
    }
    measured.push(command.value.architectures.length);
  };
  await create('again');
  await reached.promise;
  await evaluator.kill();
  await trainer.close();
  trainer = await startAnalyticTrainer(bus, 'trainer-3', logger);
  evaluator = await startService('evaluator', env.NSS_EVALUATOR_ADDRESS, env);
  const evaluation = await ended('evaluations/again');
  assert.equal(evaluation.status?.state, JobState.SUCCEEDED);
  assert.deepEqual(evaluation.result?.populations, first.result?.populations);
  const csv = await readArtifact('evaluations/again/architectures.csv');
  assert.equal(csv, await readArtifact('evaluations/undisturbed/architectures.csv'));
  const distinct = new Set(
    csv
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.split(',')[1]),
  ).size;
  assert.deepEqual(trainer.log, [
    'open',
    'load',
    ...Array.from({ length: Math.ceil((distinct - 16) / 8) }, () => 'evaluate'),
  ]);
  evaluations.close();
});

test('an evaluation with a super network that is not there, is not trained, or saw other images fails and says why', async () => {
  trainer.before = () => {};
  const evaluations = connect(EvaluationServiceService, env.NSS_EVALUATOR_ADDRESS);
  const superNetworks = connect(SuperNetworkServiceService, env.NSS_EVALUATOR_ADDRESS);
  const { spec } = await evaluations.getEvaluation({ name: 'evaluations/first-evaluation-search-space' });
  assert.ok(spec?.dataset);
  const cancelled = await superNetworks.getSuperNetwork({ name: 'superNetworks/first-super-network' });
  const held = Promise.withResolvers<void>();
  trainer.before = () => held.promise;
  await superNetworks.createSuperNetwork({
    superNetworkId: 'cancelled',
    superNetwork: SuperNetwork.create({ spec: cancelled.spec }),
    requestId: 'cancelled',
  });
  await superNetworks.cancelSuperNetwork({ name: 'superNetworks/cancelled' });
  held.resolve();
  await lastOf(superNetworks.watchSuperNetwork({ name: 'superNetworks/cancelled', afterChange: 0 }));
  const cases: [string, Partial<EvaluationSpec>, string][] = [
    ['missing', { superNetwork: 'superNetworks/none' }, 'NOT_FOUND'],
    ['untrained', { superNetwork: 'superNetworks/cancelled' }, 'SUPER_NETWORK_NOT_DONE'],
    ['other', { dataset: { ...spec.dataset, trainImages: 128 } }, 'SUPER_NETWORK_DIFFERS'],
  ];
  for (const [evaluationId, change, reason] of cases) {
    const evaluation = Evaluation.create({ spec: { ...spec, ...change } });
    await evaluations.createEvaluation({ evaluationId, evaluation, requestId: evaluationId });
    const name = `evaluations/${evaluationId}`;
    const { evaluation: last } = await lastOf(evaluations.watchEvaluation({ name, afterChange: 0 }));
    assert.deepEqual([last?.status?.state, last?.status?.error?.reason], [JobState.FAILED, reason]);
  }
  evaluations.close();
  superNetworks.close();
});

test('a campaign without task loss searches without images, warmup and trainer', async () => {
  const commands: string[] = [];
  trainer.before = ({ $case }) => void commands.push($case);
  await campaigns.createCampaign({
    campaignId: 'blind',
    campaign: tiny([60_000], {
      phases: [Phase.WARMUP, Phase.SEARCH, Phase.REPORT],
      overrides: { search: { theta: { taskLoss: false } } },
    }),
    requestId: 'blind',
  });
  const campaign = await watchToEnd('campaigns/blind');
  assert.equal(stateOf(campaign), JobState.SUCCEEDED);
  assert.deepEqual(
    campaign.phases.map(({ state, jobs }) => [state, jobs.length]),
    [0, 1, 0].map((jobs) => [JobState.SUCCEEDED, jobs]),
  );
  assert.equal(campaign.eliteSpaces.length, 1);
  assert.deepEqual(commands, []);
  assert.match(await readArtifact('campaigns/blind/report.html'), /only the cost moved theta/);
});

test('a search that fails takes what needs it along, others go on, and the campaign says what failed', async () => {
  let opened = 0;
  trainer.before = (command) => {
    if (command.$case === 'open') opened++;
    // The second session is that of a search.
    if (command.$case === 'taskLosses' && opened === 2)
      throw failedPrecondition('out of luck', { reason: 'OUT_OF_LUCK' });
  };
  await campaigns.createCampaign({
    campaignId: 'partly',
    campaign: tiny([60_000, 150_000], { phases: [Phase.WARMUP, Phase.SEARCH, Phase.NAS, Phase.REPORT] }),
    requestId: 'partly',
  });
  const campaign = await watchToEnd('campaigns/partly');
  assert.equal(campaign.status?.state, JobState.FAILED);
  assert.equal(campaign.status.error?.reason, 'JOBS_FAILED');
  assert.match(
    campaign.status.error.message,
    /^3 of 7 jobs did not succeed: searches\/partly-search-\S+: out of luck; /,
  );
  assert.deepEqual(
    campaign.phases.map(({ state, jobs, jobsSucceeded }) => [state, jobs.length, jobsSucceeded]),
    [
      [JobState.SUCCEEDED, 1, 1],
      [JobState.FAILED, 2, 1],
      [JobState.FAILED, 2, 2],
      [JobState.SUCCEEDED, 0, 0],
    ],
  );
  assert.equal(campaign.eliteSpaces.length, 1);
  assert.match(await readArtifact('campaigns/partly/report.html'), /out of luck/);
});

test('a campaign that is wrong is refused at once with everything that is wrong, and nothing is stored', async () => {
  await assert.rejects(
    campaigns.createCampaign({
      campaignId: 'wrong',
      campaign: tiny([1, -2], { dataset: 'imagenet', seeds: [-1], overrides: { search: { draws: 0 } } }),
      requestId: 'wrong',
    }),
    (error: NssError) => {
      assert.equal(error.codeName, 'INVALID_ARGUMENT');
      assert.deepEqual(error.fieldViolations.map(({ field }) => field).sort(), [
        'spec.dataset',
        'spec.overrides.search.draws',
        'spec.seeds[0]',
        'spec.targets_multiply_adds[1]',
      ]);
      return true;
    },
  );
  await assert.rejects(campaigns.getCampaign({ name: 'campaigns/wrong' }), { codeName: 'NOT_FOUND' });
});

test('wrong jobs are refused by the services that own them, with every field at fault', async () => {
  const searches = connect(SearchServiceService, controllerAddress);
  const trainings = connect(TrainingServiceService, env.NSS_NAS_RUNNER_ADDRESS);
  await assert.rejects(
    searches.createSearch({ searchId: 'wrong', search: Search.create({ spec: {} as never }), requestId: 'wrong' }),
    (error: NssError) => {
      const fields = error.fieldViolations.map(({ field }) => field);
      assert.ok(
        fields.some((field) => field.endsWith('spec.dataset')),
        fields.join(),
      );
      assert.ok(
        fields.some((field) => field.endsWith('spec.search_space')),
        fields.join(),
      );
      assert.ok(
        fields.some((field) => field.endsWith('spec.settings')),
        fields.join(),
      );
      return error.codeName === 'INVALID_ARGUMENT';
    },
  );
  await assert.rejects(
    trainings.createTraining({ trainingId: 'wrong', training: Training.create(), requestId: 'wrong' }),
    { codeName: 'INVALID_ARGUMENT' },
  );
  searches.close();
  trainings.close();
});

test('a cancelled campaign cancels its jobs', async () => {
  const reached = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  trainer.before = async (command) => {
    if (command.$case !== 'taskLosses') return;
    reached.resolve();
    await released.promise;
  };
  await campaigns.createCampaign({
    campaignId: 'third',
    campaign: tiny([60_000]),
    requestId: 'third',
  });
  await reached.promise;
  await campaigns.cancelCampaign({ name: 'campaigns/third' });
  released.resolve();
  const campaign = await watchToEnd('campaigns/third');
  assert.equal(stateOf(campaign), JobState.CANCELLED);
  const searches = connect(SearchServiceService, controllerAddress);
  for await (const { search } of searches.watchSearch({ name: 'searches/third-search-0-06mf-s0', afterChange: 0 })) {
    if (search?.status?.endTime) assert.equal(search.status.state, JobState.CANCELLED);
  }
  searches.close();
});

test('a campaign that is over its budget stops, says so and keeps what it found', async () => {
  trainer.before = () => {};
  await campaigns.createCampaign({
    campaignId: 'fourth',
    campaign: tiny([60_000], { budget: { maxWallClockHours: 1e-9, maxTrainerHours: 0 } }),
    requestId: 'fourth',
  });
  const campaign = await watchToEnd('campaigns/fourth');
  assert.equal(campaign.status?.state, JobState.FAILED);
  assert.equal(campaign.status?.error?.reason, 'BUDGET_EXHAUSTED');
  // The report says what there is.
  assert.ok(campaign.artifacts.includes('campaigns/fourth/report.html'));
  await assertSuspended('fourth-');
});

test('without more budget it stops again, and starts nothing', async () => {
  await campaigns.resumeCampaign({ name: 'campaigns/fourth', budget: undefined });
  const campaign = await watchToEnd('campaigns/fourth');
  assert.equal(campaign.status?.error?.reason, 'BUDGET_EXHAUSTED');
  await assertSuspended('fourth-');
});

/** The jobs that a campaign begins with, which were there before anybody looked at its budget. */
async function assertSuspended(prefix: string): Promise<void> {
  const warmups = connect(WarmupServiceService, controllerAddress);
  const superNetworks = connect(SuperNetworkServiceService, env.NSS_EVALUATOR_ADDRESS as string);
  const all = { pageSize: 1_000, pageToken: '' };
  const jobs = [
    ...(await warmups.listWarmups(all)).warmups,
    ...(await superNetworks.listSuperNetworks(all)).superNetworks,
  ].filter(({ name }) => name.split('/')[1].startsWith(prefix));
  warmups.close();
  superNetworks.close();
  assert.equal(jobs.length, 2);
  for (const { status } of jobs) assert.deepEqual([status?.state, status?.resumable], [JobState.CANCELLED, true]);
}

test('with more budget it goes on to its end', async () => {
  const budget = { maxWallClockHours: 1, maxTrainerHours: 1 };
  const resumed = await campaigns.resumeCampaign({ name: 'campaigns/fourth', budget });
  assert.equal(resumed.status?.state, JobState.PENDING);
  assert.deepEqual(resumed.spec?.budget, budget);
  const campaign = await watchToEnd('campaigns/fourth');
  assert.equal(campaign.status?.error, undefined);
  assert.equal(stateOf(campaign), JobState.SUCCEEDED);
  await assert.rejects(campaigns.resumeCampaign({ name: 'campaigns/fourth', budget: undefined }), {
    reason: 'JOB_NOT_RESUMABLE',
  });
});

test('a campaign that was suspended goes on where it was, and finds what one finds that was not', async () => {
  const reached = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const iterations: number[] = [];
  trainer.before = async (command) => {
    if (command.$case !== 'taskLosses') return;
    iterations.push(command.value.iteration);
    if (iterations.length !== 5) return;
    reached.resolve();
    await released.promise;
  };
  const phases = [Phase.WARMUP, Phase.SEARCH];
  await campaigns.createCampaign({ campaignId: 'paused', campaign: tiny([60_000], { phases }), requestId: 'paused' });
  await reached.promise;
  await campaigns.suspendCampaign({ name: 'campaigns/paused' });
  released.resolve();
  const stopped = await watchToEnd('campaigns/paused');
  assert.deepEqual([stateOf(stopped), stopped.status?.resumable], [JobState.CANCELLED, true]);
  const before = iterations.length;
  await campaigns.resumeCampaign({ name: 'campaigns/paused', budget: undefined });
  const ended = await watchToEnd('campaigns/paused');
  assert.equal(stateOf(ended), JobState.SUCCEEDED);
  // Every chance to store a state was taken: no more than a step or two are done twice.
  assert.ok(iterations[before] > iterations[0], iterations.join());
  assert.ok(iterations[before] >= iterations[before - 1] - 1, iterations.join());
  const undisturbed = await campaigns.getCampaign({ name: 'campaigns/fourth' });
  assert.equal(ended.eliteSpaces[0].text, undisturbed.eliteSpaces[0].text);
  trainer.before = () => {};
});

test('a deleted campaign leaves nothing behind, and another one may take its name', async () => {
  await campaigns.deleteCampaign({ name: 'campaigns/second' });
  const left = async () => {
    const names: string[] = [];
    for (const bucket of [CHECKPOINTS, ARTIFACTS]) {
      for (const { name } of await (await openObjects(bus, bucket)).list()) names.push(name);
    }
    return names.filter((name) => name.includes('/second'));
  };
  assert.deepEqual(await left(), []);
  const phases = [Phase.WARMUP, Phase.SEARCH];
  const campaign = tiny([90_000], { phases });
  await campaigns.createCampaign({ campaignId: 'second', campaign, requestId: 'second' });
  const { status, eliteSpaces } = await watchToEnd('campaigns/second');
  assert.equal(status?.state, JobState.SUCCEEDED);
  assert.equal(eliteSpaces[0].targetMultiplyAdds, 90_000);
});

test('a file that no job left is not found', async () => {
  await assert.rejects(readArtifact('campaigns/first/nothing.txt'), { reason: 'ARTIFACT_NOT_FOUND' });
  await assert.rejects(readArtifact('../../etc/passwd'), { codeName: 'INVALID_ARGUMENT' });
});
