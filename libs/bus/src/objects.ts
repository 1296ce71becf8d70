/** An object in a bucket. */
export type StoredObject = {
  /** May contain `/`. */
  readonly name: string;
  readonly bytes: number;
  /** `SHA-256=<base64url>` of the content. */
  readonly digest: string;
};

/**
 * A bucket of large objects; the digest is checked on every read. An object appears whole or not at all, and replaces the one of its
 * name. All operations throw BusUnavailable, those that read throw ObjectDamaged.
 */
export type Objects = {
  put(name: string, content: Uint8Array): Promise<StoredObject>;
  /** From a stream, never whole in memory. An error of the stream is thrown, and nothing is stored. */
  putStream(name: string, content: AsyncIterable<Uint8Array>): Promise<StoredObject>;
  get(name: string): Promise<Uint8Array | undefined>;
  /** In chunks as they come. Throws ObjectDamaged at the end if the digest does not match. */
  getStream(name: string): Promise<AsyncIterable<Uint8Array> | undefined>;
  info(name: string): Promise<StoredObject | undefined>;
  /** False if there was none. */
  delete(name: string): Promise<boolean>;
  /** Objects whose names begin with `prefix`, by name. */
  list(prefix?: string): Promise<StoredObject[]>;
  /**
   * Deletes what uploads that died half-way have left and that was there already when this was called before; call it a minute
   * apart. Gives the number of uploads.
   */
  sweep(): Promise<number>;
};

/** Weights of super networks. */
export const CHECKPOINTS = 'nss-checkpoints';
/** Files that jobs leave, `<collection>/<id>/<file>`. */
export const ARTIFACTS = 'nss-artifacts';
