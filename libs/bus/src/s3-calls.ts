import type { Readable } from 'node:stream';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { BusUnavailable } from './errors.ts';

/** Where objects are kept; who may write there is found in the usual places (AWS_ACCESS_KEY_ID, a role of the machine, ...). */
export type S3Settings = {
  /** The bucket in S3, which must exist. */
  readonly bucket: string;
  /** URL of a server that is not Amazon's. */
  readonly endpoint?: string;
  readonly region: string;
};

export type S3Bucket = { readonly client: S3Client; readonly Bucket: string };

/** Attempts of one call; the pauses between them grow to some seconds. */
const ATTEMPTS = 6;

/** Throws when the bucket cannot be used. */
export async function openBucket({ bucket: Bucket, endpoint, region }: S3Settings): Promise<S3Bucket> {
  const client = new S3Client({
    region,
    endpoint,
    // Servers of one's own seldom have a host name a bucket.
    forcePathStyle: endpoint !== undefined,
    maxAttempts: ATTEMPTS,
    requestHandler: { connectionTimeout: 5_000, socketTimeout: 30_000 },
    // Objects have digests of their own, and not every server knows the checksums that Amazon has added.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
  await calling(`use the S3 bucket ${Bucket}`, () => client.send(new HeadBucketCommand({ Bucket })));
  return { client, Bucket };
}

/** The operation's value. What it throws comes out as `failure`. */
async function calling<T>(what: string, operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (error) {
    throw error instanceof S3Missing ? error : failure(what, error);
  }
}

/** The error to throw for one of a call: BusUnavailable when S3 cannot be reached or is in trouble; otherwise one that says what failed. */
export function failure(what: string, cause: unknown): Error {
  if (isTransientS3(cause)) return new BusUnavailable(`cannot ${what}: S3 does not answer`, { cause });
  return new Error(`cannot ${what}: ${cause instanceof Error ? `${cause.name}: ${cause.message}` : cause}`, { cause });
}

/** There is nothing under a key, or less than was asked for. */
export class S3Missing extends Error {
  override readonly name = 'S3Missing';
}

/** Errors without an answer are those of the network; the source of an upload is not asked about here. */
export function isTransientS3(error: unknown): boolean {
  if (!(error instanceof S3ServiceException)) return true;
  const { httpStatusCode: code = 0 } = error.$metadata;
  return code === 0 || code === 429 || code >= 500;
}

/** What lies under a key from a byte on. Throws S3Missing. */
export async function bodyOf({ client, Bucket }: S3Bucket, Key: string, from = 0): Promise<Readable> {
  const Range = from > 0 ? `bytes=${from}-` : undefined;
  try {
    const { Body } = await client.send(new GetObjectCommand({ Bucket, Key, Range }));
    return Body as Readable;
  } catch (error) {
    const code = error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
    if (code === 404 || code === 416) throw new S3Missing(`${Key} is not in ${Bucket}`, { cause: error });
    throw error;
  }
}

export async function putText({ client, Bucket }: S3Bucket, Key: string, Body: string): Promise<void> {
  await calling(`write ${Key}`, () => client.send(new PutObjectCommand({ Bucket, Key, Body })));
}

/** Undefined when there is nothing under the key. */
export async function getText(store: S3Bucket, key: string): Promise<string | undefined> {
  try {
    return await calling(`read ${key}`, async () =>
      Buffer.concat(await (await bodyOf(store, key)).toArray()).toString('utf8'),
    );
  } catch (error) {
    if (error instanceof S3Missing) return undefined;
    throw error;
  }
}

export async function remove({ client, Bucket }: S3Bucket, Key: string): Promise<void> {
  await calling(`delete ${Key}`, () => client.send(new DeleteObjectCommand({ Bucket, Key })));
}

/** Keys that begin with a prefix, with a tag each that changes with what lies there. */
export async function keysOf({ client, Bucket }: S3Bucket, Prefix: string): Promise<{ key: string; tag: string }[]> {
  const found: { key: string; tag: string }[] = [];
  let ContinuationToken: string | undefined;
  do {
    const page = await calling(`list ${Prefix}`, () =>
      client.send(new ListObjectsV2Command({ Bucket, Prefix, ContinuationToken })),
    );
    for (const { Key, ETag } of page.Contents ?? []) if (Key && ETag) found.push({ key: Key, tag: ETag });
    ContinuationToken = page.IsTruncated ? page.NextContinuationToken : undefined;
  } while (ContinuationToken);
  return found;
}
