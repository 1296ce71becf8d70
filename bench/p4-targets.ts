import type { NssClient } from '@nss/client';
import { CampaignSpec } from '@nss/contracts';
import { campaignSeconds, withMesh } from './mesh.ts';
import { type Part, rowOf } from './part.ts';

const TARGETS = [2e6, 4e6, 6e6, 8e6, 12e6, 16e6];

/** A twentieth of the preset's images, so that each phase takes a twentieth of its time. */
const overrides = { dataset: { trainImages: 500, testImages: 100 } };

/**
 * P4: what a campaign's targets share is done once: the warmup, the stand-alone super network, the data. Preset `small` with fewer images:
 * its phases keep their proportions, and what jobs cost by themselves weighs more than in a real campaign.
 */
export const targets: Part = {
  id: 'P4',
  what: 'campaign with six targets, against six campaigns with one',
  measure: () =>
    withMesh({ trainers: 2, threadsPerTrainer: 1 }, async (nss) => {
      // The first campaign of a mesh loads code and images.
      await run(nss, 'first', TARGETS.slice(0, 1));
      let separate = 0;
      const alone = async (target: number) => {
        separate += await run(nss, `of-${target}`, [target]);
      };
      for (const target of TARGETS.slice(0, 3)) await alone(target);
      const together = await run(nss, 'six', TARGETS);
      for (const target of TARGETS.slice(3)) await alone(target);
      return [
        rowOf('P4', 'time of a campaign with six targets through that of six with one', together / separate, '', {
          atMost: 0.75,
        }),
        rowOf('P4/six', 'the campaign with six targets', together, 's'),
        rowOf('P4/separate', 'six campaigns with one target, one after the other', separate, 's'),
      ];
    }),
};

function run(nss: NssClient, name: string, targetsMultiplyAdds: number[]): Promise<number> {
  const spec = CampaignSpec.create({ dataset: 'cifar10', preset: 'small', targetsMultiplyAdds, overrides });
  return campaignSeconds(nss, `p4-${name}`, spec);
}
