import { isIP } from 'node:net';
import { checkServerIdentity } from 'node:tls';
import { type ChannelCredentials, type ChannelOptions, credentials, ServerCredentials } from '@grpc/grpc-js';
import { parseAddress, type Tls } from '@nss/runtime';

/** Everybody has to show a certificate of the authority's; without `tls`, plain text. */
export function serverCredentials(tls: Tls | undefined): ServerCredentials {
  if (!tls) return ServerCredentials.createInsecure();
  return ServerCredentials.createSsl(tls.ca, [{ private_key: tls.key, cert_chain: tls.certificate }], true);
}

/**
 * How a client proves itself, and makes sure of the server: its certificate has to name `serverName`, or the host of the address.
 * Without `tls`, plain text.
 */
export function channelCredentials(
  address: string,
  tls: Tls | undefined,
  serverName: string | undefined,
): { credentials: ChannelCredentials; options: ChannelOptions } {
  if (!tls) return { credentials: credentials.createInsecure(), options: {} };
  const expected = serverName ?? parseAddress(address)?.host ?? address;
  const secured = credentials.createSsl(tls.ca, tls.key, tls.certificate, {
    checkServerIdentity: (_, certificate) => checkServerIdentity(expected, certificate),
  });
  // Said when connecting, where Node refuses addresses; a server of the mesh has one certificate, whatever is said.
  return {
    credentials: secured,
    options: { 'grpc.ssl_target_name_override': isIP(expected) ? 'localhost' : expected },
  };
}
