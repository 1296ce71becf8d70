import { hostname } from 'node:os';
import { parseAddress } from '@nss/runtime';

/**
 * host:port at which others reach a server that listens at `address`: the same, or the name of this machine where it listens on all
 * of its addresses. In a container that is a name that containers of the same network know.
 */
export function advertisedAddress(address: string, machine = hostname()): string {
  const { host, port } = parseAddress(address) ?? {};
  return host === '0.0.0.0' || host === '::' ? `${machine}:${port}` : address;
}
