import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_TENANT, storedId } from '@nss/rpc';
import { cloudEventSubject, eventSubject, jobOfSubject, jobSubject, LEASE_SUBJECT } from '../src/index.ts';

test('the subject of work and of a CloudEvent tells the job and, in its stored id, the tenant', () => {
  for (const tenant of [DEFAULT_TENANT, 'acme']) {
    const job = { collection: 'searches', storedId: storedId(tenant, 'mine') };
    assert.deepEqual(jobOfSubject(jobSubject('searches', job.storedId)), job);
    assert.deepEqual(jobOfSubject(cloudEventSubject(tenant, 'searches', 'mine', 'failed')), job);
  }
  for (const subject of [LEASE_SUBJECT, eventSubject('acme', 'searches', 'mine', 'failed'), 'nss.v1.cloudevents.x']) {
    assert.equal(jobOfSubject(subject), undefined, subject);
  }
});

test('a user who may listen to a tenant hears all of its events and those of no other', () => {
  const theirs = [eventSubject, cloudEventSubject].map((subject) => subject('acme', 'searches', 'mine', 'failed'));
  for (const subject of theirs) assert.ok(subject.startsWith('nss.v1.tenants.acme.'), subject);
  const others = [eventSubject, cloudEventSubject].map((subject) => subject(DEFAULT_TENANT, 'acme', 'x', 'failed'));
  for (const subject of others) assert.ok(!subject.startsWith('nss.v1.tenants.'), subject);
});
