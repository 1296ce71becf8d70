import { fileURLToPath } from 'node:url';
import { drawArchitecture, formatArchitecture, parseSpace, randomOf } from '@nss/space';
import { type BenchContext, type Part, type Row, rowOf } from './part.ts';
import { interleave, median, speedup } from './side-by-side.ts';

/** What the workload prints. */
type Evaluated = { distinct: number; seconds: number; secondsAlone: number; different: number };

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
      return new Map([['draws', found.seconds]]);
    },
    async () => {
      if (!peer) return new Map();
      const sample = architectures.slice(0, PEER_SAMPLE).join(',');
      const [{ seconds }] = await peer.lines<{ seconds: number }>([sample], THREADS, peerProgram);
      return new Map([['draws', draws * seconds]]);
    },
  );
  if (!peer) notice(`${id}: what is measured against the peer is left out.`);
  const { distinct, different } = evaluated[0];
  const of = `${draws} architectures of ${text}`;
  const measured = [...times.values()].map((rounds) =>
    rowOf(id, `${of}: speed against the peer one by one`, speedup(rounds), 'x', goal),
  );
  const seconds = median(evaluated.map((found) => found.seconds));
  const shared = median(evaluated.map((found) => (found.distinct * found.secondsAlone) / found.seconds));
  const slug = id === 'P3' ? 'P3/elite' : id;
  return [
    ...measured,
    rowOf(`${slug}/seconds`, `${of}, ${distinct} of them different`, seconds, 's'),
    rowOf(`${slug}/shared`, 'of that, what the different ones gain by sharing their first blocks', shared, 'x'),
    rowOf(`${slug}/different`, `errors or losses that one by one differ, of ${ALONE}`, different, '', { atMost: 0 }),
  ];
}

const peerProgram = fileURLToPath(new URL('workloads/peer-evaluation.py', import.meta.url));
