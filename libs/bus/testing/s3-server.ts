/// <reference path="./s3rver.d.ts" />
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import S3rver from '@20minutes/s3rver';
import type { S3Settings } from '../src/index.ts';

/** An S3 server on this machine for tests, with one bucket, that keeps its objects in files. */
export type TestS3Server = {
  readonly settings: S3Settings & { readonly endpoint: string };
  /** Holds the objects of the bucket. */
  readonly bucketDir: string;
  stop(): Promise<void>;
};

const BUCKET = 'nss';

/** Starts a server on a free port of this machine, with the credentials of the environment of this process. */
export async function startS3Server(): Promise<TestS3Server> {
  // The server knows these only.
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'S3RVER', AWS_SECRET_ACCESS_KEY: 'S3RVER' });
  const directory = await mkdtemp(join(tmpdir(), 'nss-s3-'));
  const server = new S3rver({
    address: '127.0.0.1',
    port: 0,
    silent: true,
    directory,
    // It gets the signatures of requests on a whole bucket wrong.
    allowMismatchedSignatures: true,
    configureBuckets: [{ name: BUCKET }],
  });
  const { port } = await server.run();
  return {
    settings: { bucket: BUCKET, endpoint: `http://127.0.0.1:${port}`, region: 'us-east-1' },
    bucketDir: join(directory, BUCKET),
    async stop() {
      server.httpServer?.closeAllConnections();
      if (server.httpServer?.listening) await server.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
