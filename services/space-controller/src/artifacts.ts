import type { Objects } from '@nss/bus';
import type { CampaignServiceService } from '@nss/contracts';
import { type Implementation, notFound, parseArtifactName, storedName } from '@nss/rpc';

/** Sends a file that a job left, of whatever collection, in chunks. */
export function readArtifact(artifacts: Objects): Implementation<typeof CampaignServiceService>['readArtifact'] {
  return async function* ({ name }, { caller }) {
    parseArtifactName(name);
    const content = await artifacts.getStream(storedName(caller.tenant, name));
    if (!content) throw notFound(name, { reason: 'ARTIFACT_NOT_FOUND' });
    for await (const stored of content) {
      for (let start = 0; start < stored.length; start += chunkBytes) {
        yield { data: Buffer.from(stored.subarray(start, start + chunkBytes)) };
      }
    }
  };
}

const chunkBytes = 256 * 1024;
