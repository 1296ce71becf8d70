import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Campaign, JobState, Phase, PhaseStatus } from '@nss/contracts';
import { phaseLines, plainPhaseLine, tooDearLines } from '../src/commands/campaign-view.ts';

const evaluation = (change: Partial<PhaseStatus>) =>
  PhaseStatus.create({ phase: Phase.EVALUATION, state: JobState.RUNNING, completed: 0.25, etaSeconds: 80, ...change });
const superNetwork = 'superNetworks/demo-super-network';

test('a phase counts its jobs, and while all that are there are done it does not look as if it were', () => {
  const line = (change: Partial<PhaseStatus>) => plainPhaseLine(evaluation(change));
  assert.equal(line({ jobs: [superNetwork] }), 'evaluation: 25 %, 0/1 job, ETA 1:20');
  assert.equal(line({ jobs: [superNetwork], jobsSucceeded: 1 }), 'evaluation: 25 %, 1 job done, ETA 1:20');
  const jobs = [superNetwork, 'evaluations/demo-evaluation-2mf-s0'];
  assert.equal(line({ jobs, jobsSucceeded: 1 }), 'evaluation: 25 %, 1/2 jobs, ETA 1:20');
  const state = JobState.SUCCEEDED;
  assert.equal(line({ jobs, jobsSucceeded: 2, state }), 'evaluation: succeeded, 2/2 jobs');
});

test('a phase that has nothing to do is done, without jobs', () => {
  const warmup = PhaseStatus.create({ phase: Phase.WARMUP, state: JobState.SUCCEEDED, completed: 1, etaSeconds: 0 });
  assert.equal(plainPhaseLine(warmup), 'warmup: succeeded');
  const [line] = phaseLines([warmup], new Map(), (_, text) => text);
  assert.match(line, /^✓ warmup {2}\S+ {2}100 %$/);
});

test('Elite Spaces that cost too much are named, and what to change', () => {
  const campaign = (deviations: number[]) =>
    Campaign.fromPartial({
      eliteSpaces: deviations.map((deviation, seed) => ({
        targetMultiplyAdds: 600_000,
        seed,
        certificate: { deviation },
      })),
    });
  assert.deepEqual(tooDearLines(campaign([0.1, -0.3])), []);
  const [line] = tooDearLines(campaign([0.164, 0.09, 0.101]));
  assert.match(line, /^Over 10 % above the target: 0.6 MF, seed 0; 0.6 MF, seed 2\. .* larger lambda/);
});
