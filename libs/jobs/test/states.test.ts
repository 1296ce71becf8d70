import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JobState, JobStatus } from '@nss/contracts';
import { failedPrecondition } from '@nss/rpc';
import fc from 'fast-check';
import type { Job } from '../src/kinds.ts';
import { cancelled, ended, interrupted, isEnded, participleOf, started, stateOf } from '../src/states.ts';

const pending: Job = { name: 'searches/a', spec: {}, status: JobStatus.fromPartial({ state: JobState.PENDING }) };
const error = failedPrecondition('no images');

/** What happens to a job; workers do nothing to one that has ended. */
const happenings: Record<string, (job: Job, now: Date) => Job> = {
  start: (job, now) => (isEnded(job) ? job : started(job, now)),
  interrupt: (job) => (isEnded(job) ? job : interrupted(job)),
  cancel: cancelled,
  succeed: (job, now) => (isEnded(job) || stateOf(job) === JobState.PENDING ? job : ended(job, now)),
  fail: (job, now) => (isEnded(job) || stateOf(job) === JobState.PENDING ? job : ended(job, now, error)),
};

const allowed: Partial<Record<JobState, JobState[]>> = {
  [JobState.PENDING]: [JobState.RUNNING, JobState.CANCELLING, JobState.CANCELLED],
  [JobState.RUNNING]: [JobState.PENDING, JobState.CANCELLING, JobState.SUCCEEDED, JobState.FAILED],
  [JobState.CANCELLING]: [JobState.CANCELLED],
};

test('whatever happens to a job, it moves along its life, and its times and error fit its state', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...Object.keys(happenings))), (history) => {
      let job = pending;
      for (const [i, what] of history.entries()) {
        const before = job;
        job = happenings[what](before, new Date(i));
        const [from, to] = [stateOf(before), stateOf(job)];
        if (to !== from) assert.ok(allowed[from]?.includes(to), `${from} -> ${to}`);
        if (from === JobState.PENDING && what === 'cancel') {
          assert.equal(to, before.status?.startTime ? JobState.CANCELLING : JobState.CANCELLED);
        }
        if (isEnded(before)) assert.equal(job, before);
        assert.equal(job.status?.endTime !== undefined, isEnded(job));
        assert.equal(job.status?.error !== undefined, to === JobState.FAILED);
        if (before.status?.startTime) assert.equal(job.status?.startTime, before.status.startTime);
      }
    }),
  );
});

test('a job that waits for another worker is not announced as created again', () => {
  const running = started(pending, new Date(0));
  assert.deepEqual([pending, running, interrupted(running)].map(participleOf), ['created', 'started', undefined]);
});
