import { type PresetName, presetOf } from '@nss/campaign';
import type { NssClient } from '@nss/client';
import { JobState, Population, type WeightTraining } from '@nss/contracts';
import { type JobApis, jobApisOf, runToEnd } from '@nss/job-apis';

export type Plan = {
  readonly dataset: string;
  readonly preset: PresetName;
  readonly epochs: number | undefined;
  /** Trainers of local SGD, all of which a round waits for. */
  readonly shards: number;
  /** One super network for each, and for each learning rate over the preset's. */
  readonly stepsPerRound: readonly number[];
  readonly rates: readonly number[];
  readonly architectures: number;
};

/** Errors of the same architectures in one super network. */
export type Measured = { readonly title: string; readonly errorsPercent: readonly number[] };

/** Two plain trainings, of different seeds, and what else was trained with the seed of the first one. */
export type Comparison = {
  readonly plain: Measured;
  readonly otherSeed: Measured;
  readonly others: readonly Measured[];
};

/** Trains all super networks of the plan and measures the same architectures in each. Throws when a job does not succeed. */
export async function measureErrors(nss: NssClient, plan: Plan, tell: (message: string) => void): Promise<Comparison> {
  const apis = jobApisOf(nss);
  const { dataset, searchSpace, evaluation } = presetOf(plan.preset);
  const { epochs = evaluation.weights.epochs, shards } = plan;
  const work = { dataset: { name: plan.dataset, folder: undefined, ...dataset }, searchSpace };
  const measure = async (title: string, id: string, { seed = 0, ...training }: Training): Promise<Measured> => {
    const network = { ...work, weights: { ...evaluation.weights, epochs, ...training }, seed };
    const { name } = await succeeded(apis, 'superNetwork', id, network);
    tell(`${title}: trained`);
    const { calibrationImages } = evaluation;
    // What is drawn follows from seed and label: the same for every super network.
    const populations = [Population.create({ label: 'all', count: plan.architectures })];
    const measuring = { ...work, superNetwork: name, calibrationImages, seed: 0, populations };
    const { result } = await succeeded(apis, 'evaluation', id, measuring);
    tell(`${title}: measured`);
    return { title, errorsPercent: await errorsOf(nss, result?.architecturesArtifact ?? '') };
  };
  const localSgd = (stepsPerRound: number, rate: number) => {
    const { sgd } = evaluation.weights;
    return measure(
      `${shards} trainers, ${stepsPerRound} steps a round${rate === 1 ? '' : `, learning rate x ${rate}`}`,
      `local-${stepsPerRound}-${rate}`,
      {
        sgd: { ...sgd, learningRate: rate * sgd.learningRate },
        localSgd: { trainers: shards, stepsPerRound, quorum: shards },
      },
    );
  };
  // At best, several trainers take as long as one takes for so many epochs.
  const share = Math.ceil(epochs / shards);
  const [plain, otherSeed, ...others] = await Promise.all([
    measure('plain, seed 0', 'plain', {}),
    measure('plain, seed 1', 'other-seed', { seed: 1 }),
    measure(`plain, ${share} of ${epochs} epochs`, 'as-long', { epochs: share }),
    ...plan.stepsPerRound.flatMap((steps) => plan.rates.map((rate) => localSgd(steps, rate))),
  ]);
  return { plain, otherSeed, others };
}

/** How a super network is trained otherwise than plainly with seed 0. */
type Training = { readonly seed?: number } & Partial<WeightTraining>;

async function succeeded<Kind extends 'superNetwork' | 'evaluation'>(
  apis: JobApis,
  kind: Kind,
  id: string,
  spec: Parameters<typeof runToEnd<Kind>>[3],
) {
  const job = await runToEnd(apis, kind, id, spec, { signal: new AbortController().signal });
  const { status, name } = job;
  if (status?.state !== JobState.SUCCEEDED) throw new Error(`${name}: ${status?.error?.message ?? status?.state}`);
  return job;
}

async function errorsOf(nss: NssClient, artifact: string): Promise<number[]> {
  const chunks: Buffer[] = [];
  for await (const { data } of nss.campaigns.readArtifact({ name: artifact })) chunks.push(data);
  const [header, ...rows] = Buffer.concat(chunks).toString('utf8').trim().split('\n');
  const column = header.split(',').indexOf('error_percent');
  return rows.map((row) => Number(row.split(',')[column]));
}
