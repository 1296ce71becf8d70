import { ConfigError } from './config.ts';
import { createLogger } from './logger.ts';

/**
 * Runs the `main` of a service. A wrong configuration is told in plain words, anything unexpected (also later: an uncaught
 * exception, an unhandled rejection) is logged whole; both end the process with exit code 1.
 */
export async function runMain(service: string, main: () => Promise<void>): Promise<void> {
  const fail = (error: unknown) => {
    if (error instanceof ConfigError) process.stderr.write(`${service}: ${error.message}\n`);
    else createLogger(service, { level: 'error' }).fatal({ error }, 'ended by an unexpected error');
    process.exit(1);
  };
  process.on('uncaughtException', fail);
  process.on('unhandledRejection', fail);
  try {
    await main();
  } catch (error) {
    fail(error);
  }
}
