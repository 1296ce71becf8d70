import type { NssClient } from '@nss/client';
import { CampaignSpec, Phase } from '@nss/contracts';
import { campaignSeconds, withMesh } from './mesh.ts';
import { type Part, type Row, rowOf } from './part.ts';

const TARGETS = [2e6, 4e6, 6e6, 8e6, 12e6, 16e6];

/** A twentieth of the preset's images, so that each phase takes a twentieth of its time. */
const overrides = { dataset: { trainImages: 500, testImages: 100 } };

/** A campaign as it is by default, and one that ends with the Elite Spaces and what they are worth. */
const kinds = [
  { id: 'P4', what: 'all phases', phases: [], goal: { atMost: 0.75 } },
  { id: 'P4/spaces', what: 'search and evaluation', phases: [Phase.WARMUP, Phase.SEARCH, Phase.EVALUATION] },
];

/**
 * P4: what a campaign's targets share is done once: the warmup, the stand-alone super network, the data. Preset `small` with fewer images:
 * its phases keep their proportions, and what jobs cost by themselves weighs more than in a real campaign.
 */
export const targets: Part = {
  id: 'P4',
  what: 'campaign with six targets, against six campaigns with one',
  measure: () =>
    withMesh({ trainers: 2, threadsPerTrainer: 1 }, async (nss) => {
      const rows: Row[] = [];
      for (const kind of kinds) rows.push(...(await measureKind(nss, kind)));
      return rows;
    }),
};

async function measureKind(nss: NssClient, { id, what, phases, goal }: (typeof kinds)[number]): Promise<Row[]> {
  let campaigns = 0;
  const run = (targetsMultiplyAdds: number[]) => {
    const spec = CampaignSpec.create({ dataset: 'cifar10', preset: 'small', targetsMultiplyAdds, phases, overrides });
    return campaignSeconds(nss, `${id.toLowerCase().replace('/', '-')}-${++campaigns}`, spec);
  };
  // The first campaign of a mesh loads code and images.
  await run(TARGETS.slice(0, 1));
  let separate = 0;
  for (const target of TARGETS.slice(0, 3)) separate += await run([target]);
  const together = await run(TARGETS);
  for (const target of TARGETS.slice(3)) separate += await run([target]);
  return [
    rowOf(
      id,
      `${what}: time of a campaign with six targets through that of six with one`,
      together / separate,
      '',
      goal,
    ),
    rowOf(`${id}/six`, `${what}: the campaign with six targets`, together, 's'),
    rowOf(`${id}/separate`, `${what}: six campaigns with one target, one after the other`, separate, 's'),
  ];
}
