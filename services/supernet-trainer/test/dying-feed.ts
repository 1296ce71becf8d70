import { parentPort, threadName } from 'node:worker_threads';

/*
 * Imported into a trainer (`NODE_OPTIONS=--import`): the thread that makes its batches dies of the first one.
 */
if (threadName === 'feed') {
  parentPort?.on('message', () => {
    throw new Error('no room for a batch');
  });
}
