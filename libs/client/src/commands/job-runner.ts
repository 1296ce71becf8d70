import type { JobRunner } from '@nss/experiments';
import { jobApisOf, runToEnd } from '@nss/job-apis';
import type { NssClient } from '../client.ts';
import { readArtifact } from './artifacts.ts';

/** Runs jobs on a mesh. Without one there must be nothing to run. */
export function jobRunnerOf(client: NssClient | undefined): JobRunner {
  const mesh = () => {
    if (!client) throw new Error('a job was to be run without a mesh');
    return client;
  };
  return {
    run: (kind, id, spec, onChange, signal) => runToEnd(jobApisOf(mesh()), kind, id, spec, { onChange, signal }),
    readArtifact: async (name, signal) => (await readArtifact(mesh(), name, signal)).toString('utf8'),
  };
}
