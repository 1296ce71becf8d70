import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { failedPrecondition, notFound, unavailable } from '@nss/rpc';

/** The API server of the cluster that this process runs in, as the service account of its pod. */
export type Cluster = {
  /** https URL of the API server. */
  readonly url: string;
  /** Where the service account's `token`, `ca.crt` and `namespace` are. */
  readonly accountFolder: string;
};

/** What Kubernetes tells every pod; undefined outside of a cluster. */
export function clusterOf(env: Readonly<Record<string, string | undefined>>): Cluster | undefined {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = env;
  if (!host || !port) return undefined;
  return {
    url: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    accountFolder: '/var/run/secrets/kubernetes.io/serviceaccount',
  };
}

/**
 * Adds the condition EarlyStopped to the status of a Katib Trial in the pod's namespace, which is the Trial's. Throws NOT_FOUND,
 * FAILED_PRECONDITION when the service account may not, UNAVAILABLE.
 */
export async function markEarlyStopped(trialName: string, cluster: Cluster, signal: AbortSignal): Promise<void> {
  // Read anew each time: Kubernetes exchanges tokens.
  const read = (file: string) => readFile(join(cluster.accountFolder, file), 'utf8');
  const [token, ca, namespace] = await Promise.all([read('token'), read('ca.crt'), read('namespace')]);
  const path = `/apis/kubeflow.org/v1beta1/namespaces/${namespace.trim()}/trials/${encodeURIComponent(trialName)}/status`;
  const time = new Date().toISOString();
  const condition = {
    type: 'EarlyStopped',
    status: 'True',
    reason: 'TrialEarlyStopped',
    message: 'Trial is early stopped',
    lastUpdateTime: time,
    lastTransitionTime: time,
  };
  const { statusCode, body } = await send(
    new URL(path, cluster.url),
    { method: 'PATCH', ca, signal, headers: { authorization: `Bearer ${token.trim()}`, 'content-type': JSON_PATCH } },
    JSON.stringify([{ op: 'add', path: '/status/conditions/-', value: condition }]),
  );
  if (statusCode < 300) return;
  const what = `Kubernetes answered ${statusCode} when the status of trial ${trialName} was changed: ${body.slice(0, 500)}`;
  if (statusCode === 404) throw notFound(`trial ${trialName} in the namespace ${namespace.trim()}`);
  if (statusCode === 429 || statusCode >= 500) throw unavailable(what);
  throw failedPrecondition(what);
}

const JSON_PATCH = 'application/json-patch+json';

async function send(url: URL, options: Parameters<typeof request>[1], body: string) {
  try {
    const sent = request(url, options).end(body);
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    return { statusCode: response.statusCode ?? 0, body: await text(response) };
  } catch (error) {
    throw unavailable(`cannot reach the cluster's API server: ${(error as Error).message}`, { cause: error });
  }
}
