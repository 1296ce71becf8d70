import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Manifest } from './kustomize.ts';

const root = join(import.meta.dirname, '../..');

/** Where the model of a manifest's kind is. */
function modelOf({ apiVersion, kind }: Manifest): string {
  const group = apiVersion.split('/')[0];
  if (group === 'kueue.x-k8s.io') return join(import.meta.dirname, 'kueue.ts');
  if (group === 'keda.sh') return `@kubernetes-models/keda/${apiVersion}/${kind}`;
  if (group === 'monitoring.coreos.com') return `@kubernetes-models/prometheus-operator/${apiVersion}/${kind}`;
  if (group === 'cert-manager.io') return `@kubernetes-models/cert-manager/${apiVersion}/${kind}`;
  return `kubernetes-models/${apiVersion}/${kind}`;
}

/**
 * What is wrong with manifests, one list each, in their order; empty lists for good ones. Two judges: the compiler, which knows the
 * models' types and refuses fields that they do not have, and the models' own schemas with patterns and formats.
 */
export async function faultsOf(manifests: readonly Manifest[]): Promise<string[][]> {
  const byType = typeFaults(manifests);
  return Promise.all(manifests.map(async (manifest, i) => [...byType[i], ...(await schemaFaults(manifest))]));
}

async function schemaFaults(manifest: Manifest): Promise<string[]> {
  const path = modelOf(manifest);
  if (path.startsWith('/')) return [];
  try {
    const model = (await import(path))[manifest.kind];
    new model(manifest).validate();
    return [];
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

/** One line a manifest, so that the line of a complaint tells whose it is. */
function typeFaults(manifests: readonly Manifest[]): string[][] {
  // Inside the checkout, where packages are found.
  mkdirSync(join(root, '.nss'), { recursive: true });
  const folder = mkdtempSync(join(root, '.nss', 'manifests-'));
  try {
    const file = join(folder, 'manifests.ts');
    const lines = manifests.map(
      (manifest) =>
        `{ const m: import(${JSON.stringify(modelOf(manifest))}).I${manifest.kind} = ${JSON.stringify(manifest)}; m; }`,
    );
    writeFileSync(file, `${lines.join('\n')}\nexport {};\n`);
    const flags =
      '--ignoreConfig --noEmit --strict --skipLibCheck --target esnext --module nodenext --allowImportingTsExtensions --pretty false';
    const compiler = join(root, 'node_modules/typescript/bin/tsc');
    const { stdout, stderr } = spawnSync(process.execPath, [compiler, ...flags.split(' '), file], {
      cwd: root,
      encoding: 'utf8',
    });
    const faults: string[][] = manifests.map(() => []);
    for (const line of `${stdout}${stderr}`.split('\n').filter((text) => /\berror\b/.test(text))) {
      const found = /manifests\.ts\((\d+),\d+\): (.*)/.exec(line);
      if (!found) throw new Error(`the compiler could not judge the manifests: ${line}`);
      faults[Number(found[1]) - 1].push(found[2]);
    }
    return faults;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
