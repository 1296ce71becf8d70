import type { JobRunner } from '@nss/experiments';
import { jobApisOf, runToEnd } from '@nss/job-apis';
import type { NssClient } from '../client.ts';

/** Runs jobs on a mesh. Without one there must be nothing to run. */
export function jobRunnerOf(client: NssClient | undefined): JobRunner {
  const mesh = () => {
    if (!client) throw new Error('a job was to be run without a mesh');
    return client;
  };
  return {
    run: (kind, id, spec, onChange, signal) => runToEnd(jobApisOf(mesh()), kind, id, spec, { onChange, signal }),
    async readArtifact(name, signal) {
      const chunks: Uint8Array[] = [];
      for await (const { data } of mesh().campaigns.readArtifact({ name }, { signal })) chunks.push(data);
      return Buffer.concat(chunks).toString('utf8');
    },
  };
}
