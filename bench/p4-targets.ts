import { CampaignSpec } from '@nss/contracts';
import { campaignSeconds, withMesh } from './mesh.ts';
import { type Part, rowOf } from './part.ts';

const TARGETS = [0.15e6, 0.2e6, 0.25e6, 0.3e6, 0.35e6, 0.4e6];

/**
 * P4: what a campaign's targets share is done once: the warmup, the stand-alone super network, the data. Preset `tiny`, whose phases have
 * the proportions of the others but hardly any tensor work: what jobs cost by themselves weighs more than in a real campaign.
 */
export const targets: Part = {
  id: 'P4',
  what: 'campaign with six targets, against six campaigns with one',
  measure: () =>
    withMesh({ trainers: 2, threadsPerTrainer: 1 }, async (nss) => {
      const run = (id: string, targetsMultiplyAdds: number[]) =>
        campaignSeconds(nss, id, CampaignSpec.create({ dataset: 'cifar10', preset: 'tiny', targetsMultiplyAdds }));
      // The first campaign of a mesh loads code and images.
      await run('first', TARGETS.slice(0, 1));
      let separate = 0;
      for (const [i, target] of TARGETS.slice(0, 3).entries()) separate += await run(`one-${i}`, [target]);
      const together = await run('six', TARGETS);
      for (const [i, target] of TARGETS.slice(3).entries()) separate += await run(`one-${3 + i}`, [target]);
      return [
        rowOf('P4', 'time of a campaign with six targets through that of six with one', together / separate, '', {
          atMost: 0.75,
        }),
        rowOf('P4/six', 'the campaign with six targets', together, 's'),
        rowOf('P4/separate', 'six campaigns with one target, one after the other', separate, 's'),
      ];
    }),
};
