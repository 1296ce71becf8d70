import { JobStatus } from '@nss/contracts';
import type { Job } from './kinds.ts';
import { statusOf, tenantOf } from './states.ts';

/** An event of a job as a CloudEvent (CloudEvents 1.0, JSON format). It names the job and says its status; who wants more asks for the job. */
export type JobCloudEvent = {
  readonly specversion: '1.0';
  /** For example `dev.nss.v1.campaign.succeeded`. */
  readonly type: string;
  /** Whose job it is: `/tenants/default`. */
  readonly source: string;
  /** Unique of its source; the same when the event is published again. */
  readonly id: string;
  /** Name of the job, for example `campaigns/mine`. */
  readonly subject: string;
  /** When it happened, RFC 3339. */
  readonly time: string;
  /** Trace that the job belongs to (the extension "Distributed Tracing"). */
  readonly traceparent?: string;
  readonly datacontenttype: 'application/json';
  /** The status is a `nss.v1.JobStatus` as ProtoJSON. */
  readonly data: { readonly name: string; readonly status: unknown };
};

type Happening = {
  /** Kind of the job, as its field in requests is called. */
  readonly singular: string;
  readonly participle: string;
  /** Number of the change that this is about. */
  readonly revision: number;
  readonly now: Date;
};

/** The event that something happened to a job. */
export function cloudEventOf(job: Job, { singular, participle, revision, now }: Happening): JobCloudEvent {
  const status = statusOf(job);
  const time = timeOf(participle, status);
  return {
    specversion: '1.0',
    type: `dev.nss.v1.${singular}.${participle}`,
    source: `/tenants/${tenantOf(job)}`,
    id: `${job.name}/${participle}/${time?.getTime() ?? revision}`,
    subject: job.name,
    time: (time ?? now).toISOString(),
    ...(status.traceparent && { traceparent: status.traceparent }),
    datacontenttype: 'application/json',
    data: { name: job.name, status: JobStatus.toJSON(status) },
  };
}

/** Undefined where the job does not say: it may be started more than once, and knows nothing of being deleted. */
function timeOf(participle: string, { createTime, endTime }: JobStatus): Date | undefined {
  if (participle === 'created') return createTime;
  return participle === 'started' || participle === 'deleted' ? undefined : endTime;
}
