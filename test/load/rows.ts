import type { Bus, Objects } from '@nss/bus';
import { ARTIFACTS, openObjects } from '@nss/bus';
import { type Evaluation, type EvaluationServiceService, JobState } from '@nss/contracts';
import type { Client } from '@nss/rpc';
import { formatArchitecture } from '@nss/space';
import { toEvaluation } from '../../services/evaluator/src/evaluation-spec.ts';
import { drawPopulations } from '../../services/evaluator/src/populations.ts';

/** What the evaluations of a mesh have left. */
export type StoredRows = {
  readonly evaluations: number;
  /** Rows that are stored, an architecture each. */
  readonly rows: number;
  /** Seconds from the first session in which architectures were measured to the end of the last evaluation. */
  readonly seconds: number;
  /** What is missing, doubled or at the wrong place, in words. */
  readonly faults: readonly string[];
};

/** Reads every row that is stored and compares it with what the specs say: populations are drawn once more. */
export async function storedRows(bus: Bus, client: Client<typeof EvaluationServiceService>): Promise<StoredRows> {
  const artifacts = await openObjects(bus, ARTIFACTS);
  const faults: string[] = [];
  let [rows, evaluations, first, last] = [0, 0, Number.POSITIVE_INFINITY, 0];
  for await (const evaluation of allOf(client)) {
    evaluations++;
    const { startTime } = evaluation.status?.trainerUses[0] ?? {};
    first = Math.min(first, startTime?.getTime() ?? first);
    last = Math.max(last, evaluation.status?.endTime?.getTime() ?? last);
    const found = await rowsOf(evaluation, artifacts);
    rows += found.length;
    faults.push(...compare(evaluation.name, await expectedRows(evaluation), found));
  }
  return { evaluations, rows, seconds: (last - first) / 1000, faults };
}

async function* allOf(client: Client<typeof EvaluationServiceService>): AsyncGenerator<Evaluation> {
  for (let pageToken = ''; ; ) {
    const page = await client.listEvaluations({ pageSize: 0, pageToken });
    yield* page.evaluations;
    pageToken = page.nextPageToken;
    if (pageToken === '') return;
  }
}

/** `population,architecture,cost` of every row that is stored. */
async function rowsOf({ result, status }: Evaluation, artifacts: Objects): Promise<string[]> {
  if (status?.state !== JobState.SUCCEEDED || !result) return [];
  const bytes = await artifacts.get(result.architecturesArtifact);
  const [, ...lines] = new TextDecoder().decode(bytes).trimEnd().split('\n');
  return lines.map((line) => line.split(',').slice(0, 3).join());
}

async function expectedRows({ spec }: Evaluation): Promise<string[]> {
  const checked = toEvaluation(spec, []);
  if (!checked) throw new Error('an evaluation with a spec that is wrong');
  const { space, input, seed } = checked.work;
  const rows = await drawPopulations(space, input, checked.populations, seed);
  return rows.map(({ population, architecture, multiplyAdds }) =>
    [population, formatArchitecture(architecture), multiplyAdds].join(),
  );
}

function compare(name: string, expected: readonly string[], found: readonly string[]): string[] {
  if (found.length !== expected.length) return [`${name} has ${found.length} rows instead of ${expected.length}`];
  const wrong = expected.filter((row, i) => row !== found[i]).length;
  return wrong > 0 ? [`${name} has ${wrong} wrong rows`] : [];
}
