import { parseArgs } from 'node:util';
import { describeCommit, describeMachine } from './machine.ts';
import type { BenchContext, Row } from './part.ts';
import { parts } from './parts.ts';
import { openPeer, type Peer } from './peer.ts';
import { tableOf, writeResults } from './results.ts';
import { runWorkload } from './workload.ts';

const usage = `Usage: npm run bench -- [PART...] [options]
Measures parts (default: all), prints a table, and writes the rows into the file of results.

${parts.map(({ id, what }) => `  ${id.padEnd(16)} ${what}`).join('\n')}

  --peer DIR           Python environment with torch and numpy; without it rows against the peer are left out
  --peer-script FILE   the peer's program (default: $NSS_BENCH_PEER_SCRIPT)
  --peer-data DIR      unpacked CIFAR-10 binary batches, for the peer (default: $NSS_BENCH_PEER_DATA)
  --out FILE           file of results (default: bench/results/latest.json)
  -h, --help           show this help`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    peer: { type: 'string' },
    'peer-script': { type: 'string', default: process.env.NSS_BENCH_PEER_SCRIPT },
    'peer-data': { type: 'string', default: process.env.NSS_BENCH_PEER_DATA },
    out: { type: 'string', default: 'bench/results/latest.json' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

if (values.help) console.log(usage);
else await run();

async function run(): Promise<void> {
  const unknown = positionals.filter((name) => !parts.some(({ id }) => id === name));
  if (unknown.length > 0) throw new Error(`no such part: ${unknown.join(', ')}\n\n${usage}`);
  const chosen = positionals.length > 0 ? parts.filter(({ id }) => positionals.includes(id)) : parts;
  const context: BenchContext = { peer: peerOf(), workload: runWorkload, notice: (text) => console.error(text) };
  const [machine, commit, date] = [describeMachine(), describeCommit(), new Date().toISOString()];
  const rows: Row[] = [];
  for (const part of chosen) {
    context.notice(`${part.id}: ${part.what}`);
    const measured = await part.measure(context);
    await writeResults(values.out, { machine, commit, date, rows: measured });
    rows.push(...measured);
  }
  console.log(`${machine}\n${commit}, ${date}\n\n${tableOf(rows)}`);
}

function peerOf(): Peer | undefined {
  const { peer: environment, 'peer-script': script, 'peer-data': data } = values;
  if (environment && script) return openPeer({ environment, script, data });
  console.error('No peer (--peer, --peer-script): what is measured against it is left out.');
  return undefined;
}
