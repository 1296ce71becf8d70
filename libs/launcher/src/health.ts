import { setTimeout as delay } from 'node:timers/promises';
import { type Client, connect, type Definition } from '@nss/rpc';
import { service } from 'grpc-health-check';

type HealthDefinition = {
  Check: {
    path: string;
    requestStream: false;
    responseStream: false;
    requestSerialize: (request: { service: string }) => Buffer;
    requestDeserialize: (bytes: Buffer) => { service: string };
    responseSerialize: (response: { status: string }) => Buffer;
    responseDeserialize: (bytes: Buffer) => { status: string };
  };
};

/** Whether the gRPC server at `address` says that it serves (`grpc.health.v1`). False when there is no answer in time. */
export async function isServing(address: string, deadlineMs = 1_000): Promise<boolean> {
  const client = connectHealth(address);
  try {
    return await check(client, deadlineMs);
  } finally {
    client.close();
  }
}

/** Resolves when the gRPC server at `address` serves. Rejects when `signal` is aborted. */
export async function waitUntilServing(address: string, signal: AbortSignal): Promise<void> {
  const client = connectHealth(address);
  try {
    while (!(await check(client, 5_000, signal))) await delay(100, undefined, { signal });
  } finally {
    client.close();
  }
}

function connectHealth(address: string): Client<HealthDefinition & Definition> {
  const options = { retry: { attempts: 1, initialBackoffMs: 100, maxBackoffMs: 100 } };
  return connect(service as unknown as HealthDefinition & Definition, address, options);
}

async function check(client: Client<HealthDefinition>, deadlineMs: number, signal?: AbortSignal): Promise<boolean> {
  try {
    const { status } = await client.Check({ service: '' }, { deadlineMs, signal });
    return status === 'SERVING';
  } catch {
    // Not there yet, or not any more: what the caller asks.
    signal?.throwIfAborted();
    return false;
  }
}
