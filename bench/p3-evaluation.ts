import { fileURLToPath } from 'node:url';
import { drawArchitecture, formatArchitecture, parseSpace, randomOf } from '@nss/space';
import { type BenchContext, type Part, type Row, rowOf } from './part.ts';
import { interleave, median, speedup } from './side-by-side.ts';

/** What the workload prints. */
type Evaluated = {
  /** Of all that were drawn, measured together. */
  seconds: number;
  processorSeconds: number;
  /** How many different architectures were drawn. */
  distinct: number;
  /** Of one architecture measured alone, in the mean. */
  aloneProcessorSeconds: number;
  /** How many gave another result alone. */
  different: number;
};

/** What the peer's program prints, of one architecture in the mean. */
type PeerEvaluated = { seconds: number; processorSeconds: number };

const ROUNDS = 3;
const THREADS = 2;
/** Of how many architectures of each kind one by one is measured; measuring all takes minutes and says the same. */
const ALONE = 6;
const PEER_SAMPLE = 12;

const spaces = [
  // An Elite Space of `small`, found for 8 million multiply-adds: 64 architectures.
  { id: 'P3', text: '2..2x21..24-2..2x29..32-2..2x49..52', draws: 1000, goal: { atLeast: 4 } },
  // As coarse as the paper's bins are: 262,144 architectures, of which hardly any is drawn twice.
  { id: 'P3/coarse', text: '1..4x1..16-1..4x1..16-1..4x1..16', draws: 120, goal: undefined },
];

/** P3: architectures drawn from a space, measured with what they share computed once. */
export const evaluation: Part = {
  id: 'P3',
  what: 'evaluation of architectures of one space, against the peer one by one',
  async measure(context) {
    const rows: Row[] = [];
    for (const space of spaces) rows.push(...(await measureSpace(context, space)));
    return rows;
  },
};

async function measureSpace(
  { peer, workload, notice }: BenchContext,
  { id, text, draws, goal }: (typeof spaces)[number],
): Promise<Row[]> {
  const random = randomOf(0, 'draws');
  const architectures = Array.from({ length: draws }, () =>
    formatArchitecture(drawArchitecture(random, parseSpace(text))),
  );
  const evaluated: Evaluated[] = [];
  const times = await interleave(
    peer ? ROUNDS : 1,
    async () => {
      const found = await workload<Evaluated>('evaluation', [architectures.join(','), ALONE], { threads: THREADS });
      evaluated.push(found);
      return timesOf(found, 1);
    },
    async () => {
      if (!peer) return new Map();
      const sample = architectures.slice(0, PEER_SAMPLE).join(',');
      const [found] = await peer.lines<PeerEvaluated>([sample], THREADS, peerProgram);
      return timesOf(found, draws);
    },
  );
  if (!peer) notice(`${id}: what is measured against the peer is left out.`);
  const of = `${draws} architectures of ${text}`;
  const against = [...times].map(([kind, rounds]) =>
    kind === 'time'
      ? rowOf(id, `${of}: speed against the peer one by one`, speedup(rounds), 'x', goal)
      : rowOf(`${id}/processor`, 'the same, by processor time', speedup(rounds), 'x'),
  );
  const [{ distinct, different }] = evaluated;
  const seconds = median(evaluated.map((found) => found.seconds));
  const shared = evaluated.map((found) => (distinct * found.aloneProcessorSeconds) / found.processorSeconds);
  return [
    ...against,
    rowOf(`${id}/seconds`, `${of}, ${distinct} of them different`, seconds, 's'),
    rowOf(`${id}/shared`, 'what the different ones gain by sharing blocks, by processor time', median(shared), 'x'),
    rowOf(`${id}/different`, `errors and losses that are others one by one, of ${ALONE}`, different, '', { atMost: 0 }),
  ];
}

const timesOf = ({ seconds, processorSeconds }: PeerEvaluated, times: number) =>
  new Map([
    ['time', times * seconds],
    ['processor', times * processorSeconds],
  ]);

const peerProgram = fileURLToPath(new URL('workloads/peer-evaluation.py', import.meta.url));
