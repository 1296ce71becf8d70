import { openSync, writeSync } from 'node:fs';
import { isMainThread, parentPort } from 'node:worker_threads';

/*
 * Imported into a trainer (`NODE_OPTIONS=--import`): its computing thread hangs at the first theta step as it would in a kernel that
 * never returns, in a system call that nothing but the end of the process interrupts. BLOCKING_PIPE names a pipe
 * that nobody writes to; the line `hangs` says that it is there.
 */
if (!isMainThread && parentPort) {
  const port = parentPort;
  const on = port.on.bind(port);
  port.on = (event: string, listener: (message: never) => void) =>
    on(event, (message: { name: string }) => {
      if (message.name === 'thetaStep') {
        writeSync(2, 'hangs\n');
        openSync(process.env.BLOCKING_PIPE as string, 'r');
      }
      listener(message as never);
    });
}
