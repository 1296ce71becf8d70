import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';

/*
 * Hosts on one machine: network namespaces on a bridge, each with an address of its own. Needs root.
 */

/** A network of hosts. */
export type Hosts = {
  /** The address of a host. */
  addressOf(host: string): string;
  /** What runs the command that follows it on the host. */
  on(host: string): readonly string[];
  /** Pulls the host's plug: nothing comes or goes, and nobody is told. */
  cutOff(host: string): Promise<void>;
  bringBack(host: string): Promise<void>;
  /** Removes everything; what still runs on the hosts loses its network. */
  close(): Promise<void>;
};

/** Why there can be no such network here; undefined when there can. */
export const noHosts =
  process.getuid?.() !== 0
    ? 'network namespaces need root'
    : spawnSync('ip', ['netns', 'list']).status !== 0
      ? 'there is no `ip netns` on this machine'
      : undefined;

const run = promisify(execFile);
const ip = (command: string) => run('ip', command.split(' '));

/** Makes a network 10.77.0.0/24 whose first address is this process's own. */
export async function createHosts(names: readonly string[]): Promise<Hosts> {
  const bridge = `nss${process.pid}`;
  const namespaceOf = (host: string) => `${bridge}-${host}`;
  /** The end of the cable at the bridge. */
  const plugOf = (host: string) => `${bridge}p${names.indexOf(host)}`;
  const addressOf = (host: string) => `10.77.0.${names.indexOf(host) + 2}`;

  const close = async () => {
    for (const host of names) await ip(`netns delete ${namespaceOf(host)}`).catch(() => {});
    await ip(`link delete ${bridge}`).catch(() => {});
  };
  try {
    await ip(`link add ${bridge} type bridge`);
    await ip(`address add 10.77.0.1/24 dev ${bridge}`);
    await ip(`link set ${bridge} up`);
    for (const host of names) {
      const [namespace, plug] = [namespaceOf(host), plugOf(host)];
      await ip(`netns add ${namespace}`);
      await ip(`link add ${plug} type veth peer name eth0 netns ${namespace}`);
      await ip(`link set ${plug} master ${bridge} up`);
      await ip(`-n ${namespace} address add ${addressOf(host)}/24 dev eth0`);
      await ip(`-n ${namespace} link set eth0 up`);
      await ip(`-n ${namespace} link set lo up`);
    }
  } catch (error) {
    await close();
    throw error;
  }
  return {
    addressOf,
    on: (host) => ['ip', 'netns', 'exec', namespaceOf(host)],
    cutOff: async (host) => void (await ip(`link set ${plugOf(host)} down`)),
    bringBack: async (host) => void (await ip(`link set ${plugOf(host)} up`)),
    close,
  };
}
