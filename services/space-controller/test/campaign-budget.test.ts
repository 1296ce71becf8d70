import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JobStatus } from '@nss/contracts';
import { budgetError } from '../src/campaign-budget.ts';

const start = new Date('2025-01-01T00:00:00Z');
const after = (hours: number) => new Date(start.getTime() + hours * 3_600_000);
const job = (...uses: [from: number, to: number | undefined][]) =>
  JobStatus.create({
    trainerUses: uses.map(([from, to]) => ({
      trainer: 't',
      engine: 'e',
      startTime: after(from),
      endTime: to === undefined ? undefined : after(to),
    })),
  });

test('without limits nothing is too long', () => {
  assert.equal(budgetError(undefined, start, [job([0, 1000])], after(1000)), undefined);
  assert.equal(budgetError({ maxWallClockHours: 0, maxTrainerHours: 0 }, start, [], after(1000)), undefined);
});

test('wall-clock time counts from the start of the campaign', () => {
  const budget = { maxWallClockHours: 2, maxTrainerHours: 0 };
  assert.equal(budgetError(budget, start, [], after(1.99)), undefined);
  assert.equal(budgetError(budget, start, [], after(2))?.reason, 'BUDGET_EXHAUSTED');
});

test('trainer time adds up over jobs and trainers, those that are still at work included', () => {
  const budget = { maxWallClockHours: 0, maxTrainerHours: 3 };
  const jobs = [job([0, 1]), undefined, job([0, 0.5], [0.5, undefined])];
  assert.equal(budgetError(budget, start, jobs, after(1.9)), undefined);
  const error = budgetError(budget, start, jobs, after(2));
  assert.equal(error?.reason, 'BUDGET_EXHAUSTED');
  assert.match(error?.message ?? '', /3\.00 of the 3 hours of budget\.max_trainer_hours/);
});
