import type { Objects } from '@nss/bus';
import type { CampaignServiceService } from '@nss/contracts';
import { type Implementation, notFound, parseArtifactName } from '@nss/rpc';

/** Sends a file that a job left, of whatever collection, in chunks. */
export function readArtifact(artifacts: Objects): Implementation<typeof CampaignServiceService>['readArtifact'] {
  return async function* ({ name }) {
    parseArtifactName(name);
    const content = await artifacts.getStream(name);
    if (!content) throw notFound(name, { reason: 'ARTIFACT_NOT_FOUND' });
    for await (const stored of content) {
      for (let start = 0; start < stored.length; start += chunkBytes) {
        yield { data: Buffer.from(stored.subarray(start, start + chunkBytes)) };
      }
    }
  };
}

const chunkBytes = 256 * 1024;
