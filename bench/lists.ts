import { parseArgs } from 'node:util';
import { connectBus, ensureTopology } from '@nss/bus';
import { startNatsServer } from '@nss/bus/testing';
import { JobStatus, Search } from '@nss/contracts';
import { openJobs, SEARCHES } from '@nss/jobs';
import { createLogger } from '@nss/runtime';

/* How long a page of a list takes beside a number of jobs, with and without reading all of them. */

const { values } = parseArgs({ options: { jobs: { type: 'string', default: '10000' } } });
const count = Number(values.jobs);
const nats = await startNatsServer();
const bus = await connectBus({ url: nats.url, name: 'bench', logger: createLogger('bench', { level: 'silent' }) });
await ensureTopology(bus);
const jobs = await openJobs(bus, SEARCHES);
const { resources } = jobs.storage;
const job = (i: number) =>
  Search.fromPartial({ name: `searches/j${i}`, status: JobStatus.fromPartial({ createTime: new Date(i) }) });
for (let i = 0; i < count; i += 100) {
  await Promise.all(Array.from({ length: 100 }, (_, at) => resources.create(`j${i + at}`, job(i + at))));
}

const row = (what: string, ms: number) => console.log(`${what.padEnd(48)} ${ms.toFixed(1).padStart(9)} ms`);
async function timed(what: string, work: () => Promise<unknown>, times: number): Promise<void> {
  const took: number[] = [];
  for (let i = 0; i < times; i++) {
    const start = performance.now();
    await work();
    took.push(performance.now() - start);
  }
  took.sort((a, b) => a - b);
  row(times === 1 ? what : `${what}, median of ${times}`, took[Math.floor(times / 2)]);
}

console.log(`${count} jobs`);
await timed('all of them read', () => resources.list(), 5);
await timed('first page of 100, for the first time', () => jobs.list(), 1);
await timed('first page of 100', () => jobs.list(), 50);
await timed('page of 1000', () => jobs.list({ pageSize: 1000 }), 20);
await bus.close();
await nats.stop();
