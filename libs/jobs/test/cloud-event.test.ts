import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Campaign, JobState, JobStatus } from '@nss/contracts';
import { cloudEventOf } from '../src/cloud-event.ts';

const [createTime, startTime, endTime, now] = [1, 2, 3, 4].map((day) => new Date(Date.UTC(2026, 0, day)));
const status = {
  state: JobState.SUCCEEDED,
  createTime,
  startTime,
  endTime,
  tenant: 'acme',
  traceparent: '00-ab-cd-01',
};
const job = Campaign.create({ name: 'campaigns/mine', status: JobStatus.fromPartial(status) });
const happened = { singular: 'campaign', participle: 'succeeded', revision: 17, now };

test('an event has what CloudEvents 1.0 asks for, and nothing that it does not allow', () => {
  const event = JSON.parse(JSON.stringify(cloudEventOf(job, happened)));
  const { specversion, id, type, source, subject, time, datacontenttype, data, ...extensions } = event;
  assert.equal(specversion, '1.0');
  // Non-empty strings; a URI-reference; RFC 3339; attribute names of lower-case letters and digits (spec, sections 3.1 and 3.2).
  for (const attribute of [id, type, source, subject]) assert.ok(typeof attribute === 'string' && attribute !== '');
  assert.equal(new URL(source, 'https://example').pathname, '/tenants/acme');
  assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  for (const name of Object.keys(event)) assert.match(name, /^[a-z0-9]{1,20}$/);
  assert.deepEqual(extensions, { traceparent: '00-ab-cd-01' });
  assert.equal(datacontenttype, 'application/json');
  assert.deepEqual([type, subject, data.name], ['dev.nss.v1.campaign.succeeded', 'campaigns/mine', 'campaigns/mine']);
  assert.deepEqual(JobStatus.fromJSON(data.status), job.status);
});

test('an event says when it happened, as far as the job knows', () => {
  const times = ['created', 'started', 'succeeded', 'deleted'].map(
    (participle) => cloudEventOf(job, { ...happened, participle }).time,
  );
  assert.deepEqual(
    times,
    [createTime, now, endTime, now].map((time) => time.toISOString()),
  );
});

test('an event has one id whenever it is published, and others have others', () => {
  const idOf = (changed: Partial<typeof happened>) => cloudEventOf(job, { ...happened, ...changed }).id;
  assert.equal(idOf({ revision: 18, now: endTime }), idOf({}));
  assert.equal(idOf({ participle: 'started', now: endTime }), idOf({ participle: 'started' }));
  // A job may be started again.
  assert.notEqual(idOf({ participle: 'started', revision: 18 }), idOf({ participle: 'started' }));
  assert.equal(
    new Set(['created', 'started', 'succeeded', 'deleted'].map((participle) => idOf({ participle }))).size,
    4,
  );
});
