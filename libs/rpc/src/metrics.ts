import { instrumentsOf, SECONDS } from '@nss/runtime';

/** The metrics of calls; names and attributes are OpenTelemetry's semantic conventions for RPC. */
export const RPC_METRICS = {
  serverCalls: {
    name: 'rpc.server.call.duration',
    kind: 'histogram',
    unit: 's',
    description: 'Calls answered, by `rpc.method` and `rpc.response.status_code`. Streams count when they end.',
    buckets: SECONDS,
  },
  clientCalls: {
    name: 'rpc.client.call.duration',
    kind: 'histogram',
    unit: 's',
    description:
      'Calls made, each attempt by itself, by `rpc.method` and `rpc.response.status_code`. Streams count when they end.',
    buckets: SECONDS,
  },
} as const;

export const rpcMetrics = instrumentsOf('@nss/rpc', RPC_METRICS);
