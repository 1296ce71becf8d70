import { serviceConfigurations } from '../service-configurations.ts';
import type { Manifest } from './kustomize.ts';

/** Edges as `from -> to:port` that policies of both sides allow, between pods that carry a name. */
export function allowedEdges(manifests: Manifest[]): Set<string> {
  const names = [...Object.keys(serviceConfigurations), 'nats'];
  type Selector = { matchLabels?: Record<string, string>; matchExpressions?: { operator: string; values: string[] }[] };
  const selected = ({ matchLabels, matchExpressions }: Selector) =>
    names.filter(
      (name) =>
        Object.entries(matchLabels ?? {}).every(([key, value]) => key === 'app.kubernetes.io/name' && value === name) &&
        (matchExpressions ?? []).every(({ operator, values }) => (operator === 'In') === values.includes(name)),
    );
  const ingress = new Set<string>();
  const egress = new Set<string>();
  for (const { spec } of manifests.filter(({ kind }) => kind === 'NetworkPolicy')) {
    const rules = [
      ...(spec.ingress ?? []).map((rule: Manifest) => ({
        into: ingress,
        peers: rule.from,
        ports: rule.ports,
        inward: true,
      })),
      ...(spec.egress ?? []).map((rule: Manifest) => ({
        into: egress,
        peers: rule.to,
        ports: rule.ports,
        inward: false,
      })),
    ];
    for (const { into, peers, ports, inward } of rules) {
      for (const peer of (peers ?? []).filter((each: Manifest) => each.podSelector && !each.namespaceSelector)) {
        for (const subject of selected(spec.podSelector)) {
          for (const other of selected(peer.podSelector)) {
            for (const { port } of ports) {
              into.add(inward ? `${other} -> ${subject}:${port}` : `${subject} -> ${other}:${port}`);
            }
          }
        }
      }
    }
  }
  return ingress.intersection(egress);
}
