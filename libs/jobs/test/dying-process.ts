import { type Bus, connectBus } from '@nss/bus';
import { Search } from '@nss/contracts';
import { createLogger } from '@nss/runtime';
import { openJobs, runJobs, SEARCHES } from '../src/index.ts';

/*
 * A process that stores a change of a job and never comes to publish it: `dying-process.ts URL DEED ID`. It says `stored` on its standard
 * output when the change is stored and its event is not, and then waits to be killed.
 */

const [url, deed, id] = process.argv.slice(2);
const logger = createLogger('dying', { level: 'silent' });
const bus = await connectBus({ url, name: 'dying', logger });
const endings: Record<string, string> = {
  create: 'created',
  start: 'started',
  succeed: 'succeeded',
  cancel: 'cancelled',
};
const jobs = await openJobs(withoutEvent(bus, endings[deed]), SEARCHES);
const name = `searches/${id}`;
if (deed === 'create') await jobs.create({ id, resource: Search.fromPartial({}) });
else if (deed === 'cancel') await jobs.cancel(name);
else await runJobs({ jobs, run: async () => {}, logger, signal: new AbortController().signal });

/** The same connection, on which publishing the event never begins. */
function withoutEvent(whole: Bus, participle: string): Bus {
  const js = Object.create(whole.js, {
    publish: {
      value: async (subject: string, ...more: [Uint8Array]) => {
        if (!subject.endsWith(`.${id}.${participle}`)) return whole.js.publish(subject, ...more);
        process.stdout.write('stored\n');
        return new Promise(() => {});
      },
    },
  });
  return { ...whole, js };
}
