/** Does a step and prints a row of the table about it: what, seconds, and what came of it. Failures are rows too, and are thrown on. */
export async function step(what: string, act: () => Promise<string>): Promise<void> {
  const start = performance.now();
  const row = (result: string) =>
    console.log(`| ${what} | ${((performance.now() - start) / 1000).toFixed(0)} | ${result} |`);
  try {
    row(await act());
  } catch (error) {
    row('FAILED');
    throw error;
  }
}

/** What stands above the rows. */
export const heading = '| step | seconds | result |\n| ---- | ------: | ------ |';
