import assert from 'node:assert/strict';
import { test } from 'node:test';
import { campaignJobs } from './campaign-jobs.ts';
import { paperCampaigns, resolved } from './campaigns.ts';
import { plainDevice, readDevices, scaledDevice } from './device.ts';
import { noOverheads } from './overheads.ts';
import { criticalPath, makespanOf, peakOf, type SimulatedJob, simulate, trainerSecondsOf } from './simulate.ts';

const job = (id: string, seconds: number, needs: string[] = [], kind: SimulatedJob['kind'] = 'search') => ({
  id,
  kind,
  needs,
  seconds,
});
const anyNumber = Number.POSITIVE_INFINITY;

test('trainers serve jobs in the order in which they ask, each after what it needs', () => {
  const jobs = [job('a', 2), job('b', 4), job('c', 1, ['a']), job('d', 3)];
  const schedule = simulate(jobs, { trainers: 2, jobsAtOnce: anyNumber });
  const times = Object.fromEntries(schedule.map(({ job: { id }, ready, start, end }) => [id, [ready, start, end]]));
  // At 2 seconds d has waited from the beginning, and c begins to wait.
  assert.deepEqual(times, { a: [0, 0, 2], b: [0, 0, 4], d: [0, 2, 5], c: [2, 4, 5] });
  assert.equal(makespanOf(schedule), 5);
});

test('a service asks for no more trainers than it takes jobs of a kind at once', () => {
  const jobs = [job('a', 1), job('b', 1), job('c', 1), job('t', 1, [], 'training')];
  const schedule = simulate(jobs, { trainers: 8, jobsAtOnce: 2 });
  assert.deepEqual(
    schedule.filter(({ start }) => start === 0).map(({ job: { id } }) => id),
    ['a', 'b', 't'],
  );
  assert.equal(makespanOf(schedule), 2);
});

test('one trainer works all the time, and no number of trainers beats the longest chain', () => {
  const jobs = [job('a', 2), job('b', 5), job('c', 4, ['a']), job('d', 1, ['b', 'c'])];
  assert.equal(makespanOf(simulate(jobs, { trainers: 1, jobsAtOnce: anyNumber })), trainerSecondsOf(jobs));
  const chain = criticalPath(jobs);
  assert.deepEqual(
    chain.map(({ id }) => id),
    ['a', 'c', 'd'],
  );
  assert.equal(makespanOf(simulate(jobs, { trainers: 100, jobsAtOnce: anyNumber })), trainerSecondsOf(chain));
});

test('a peak counts what runs at the same time, and not who ends when another one starts', () => {
  const jobs = [job('a', 2), job('b', 2, ['a']), job('c', 3)];
  const schedule = simulate(jobs, { trainers: 3, jobsAtOnce: anyNumber });
  assert.equal(
    peakOf(schedule, () => 1),
    2,
  );
  assert.equal(
    peakOf(schedule, ({ seconds }) => seconds),
    5,
  );
});

test('jobs that need each other are an error', () => {
  const jobs = [job('a', 1, ['b']), job('b', 1, ['a'])];
  assert.throws(() => simulate(jobs, { trainers: 1, jobsAtOnce: 1 }), /need each other/);
});

test("the paper's campaign has all its jobs, and twice the rate takes half the time", () => {
  const jobsOn = (rate: number) => {
    const device = scaledDevice(plainDevice(1e12), { rate });
    return paperCampaigns().flatMap((spec) => campaignJobs(spec.dataset, resolved(spec), device, noOverheads));
  };
  const jobs = jobsOn(1);
  // A data set: 3 warmups, a super network, 39 searches, 40 evaluations, 78 architecture searches, 234 trainings.
  assert.equal(jobs.length, 2 * (3 + 1 + 39 + 40 + 78 + 234));
  assert.ok(jobs.every(({ seconds, checkpointBytes, commands }) => seconds > 0 && checkpointBytes > 0 && commands > 0));
  const ratio = trainerSecondsOf(jobs) / trainerSecondsOf(jobsOn(2));
  assert.ok(Math.abs(ratio - 2) < 1e-9, `${ratio}`);
});

test('every device says where its numbers come from', () => {
  for (const [name, { source }] of readDevices()) assert.ok(source.length > 20, name);
});
