import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { parseAllDocuments, stringify } from 'yaml';

/** An object of Kubernetes as a manifest writes it. */
export type Manifest = {
  apiVersion: string;
  kind: string;
  metadata: { name: string; labels?: Record<string, string> };
  // biome-ignore lint/suspicious/noExplicitAny: checked against the models of its kind, not by this type
  [field: string]: any;
};

const folder = join(import.meta.dirname, '../../k8s');

const tool = (
  [
    ['kubectl', 'kustomize'],
    ['kustomize', 'build'],
  ] as const
).find(([command, action]) => spawnSync(command, [action, '--help'], { stdio: 'ignore' }).status === 0);

/** Why overlays cannot be built on this machine; undefined when they can. */
export const noKustomize = tool === undefined && 'neither kubectl nor kustomize is on this machine';

/** The objects that the kustomization at a path, seen from `k8s/`, is made of. Throws when it cannot be built. */
export function build(path: string): Manifest[] {
  if (tool === undefined) throw new Error('neither kubectl nor kustomize is on this machine');
  const [command, action] = tool;
  const text = execFileSync(command, [action, resolve(folder, path)], { encoding: 'utf8', maxBuffer: 64 * 2 ** 20 });
  return parseAllDocuments(text).map((document) => document.toJS());
}

/** The base with components, in this order, as an overlay would have them. */
export function buildWith(...components: string[]): Manifest[] {
  const overlay = mkdtempSync(join(tmpdir(), 'nss-kustomize-'));
  const here = (path: string) => relative(overlay, join(folder, path));
  try {
    const kustomization = {
      resources: [here('base')],
      components: components.map((component) => here(`components/${component}`)),
    };
    writeFileSync(join(overlay, 'kustomization.yaml'), stringify(kustomization));
    return build(overlay);
  } finally {
    rmSync(overlay, { recursive: true });
  }
}

export const overlays = ['local', 'production', 'spot'] as const;
