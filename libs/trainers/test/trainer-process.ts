import { connectBus } from '@nss/bus';
import { logger, startTrainer } from './fixture.ts';

/* A fake trainer in a process of its own, to be killed: `node trainer-process.ts NATS_URL`. Prints a line when it takes leases. */

const bus = await connectBus({ url: process.argv[2], name: 'doomed', logger });
await startTrainer({ after: () => {} }, bus, 'doomed');
console.log('ready');
