import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type JobKind, type Resources, resourceTypes } from '@nss/job-apis';
import type { JobNode } from './job-node.ts';
import type { Found } from './outcomes.ts';

/** Where and with what a result was made. */
export type Provenance = {
  /** Commit of this software, where known. */
  readonly commit?: string;
  /** Processor, cores, memory and system of the machine that asked for it. */
  readonly machine: string;
};

/** What a job took. */
export type Cost = {
  readonly kind: JobKind;
  /** Multiply-adds that it was estimated to take. */
  readonly work: number;
  /** Seconds that trainers worked for it. */
  readonly trainerSeconds: number;
};

/** A folder of results, `<kind>-<hash>.json` each. It may be copied to another machine, or committed. */
export type ResultsFolder = {
  /** What is stored of a job. Throws an error that names the file when it cannot be read. */
  get<Kind extends JobKind>(node: JobNode<Kind>): Promise<Found<Kind> | undefined>;
  /** Stores what a job left, whole or not at all. */
  put<Kind extends JobKind>(node: JobNode<Kind>, found: Found<Kind>, provenance: Provenance): Promise<void>;
  /** Keys of the stored jobs. */
  keys(): Promise<string[]>;
  /** What the stored jobs took. */
  costs(): Promise<Cost[]>;
};

const schema = 'nss.result/v1';

type Stored = {
  readonly schema: string;
  readonly key: string;
  readonly title: string;
  readonly kind: JobKind;
  /** What the key is the hash of. */
  readonly content: unknown;
  /** The job as it ended (ProtoJSON): spec, status, result. */
  readonly job: unknown;
  readonly artifacts: Readonly<Record<string, string>>;
  readonly work: number;
  readonly trainerSeconds: number;
  /** What computed, for example "tensorflow 2.21.0, 1 thread". */
  readonly engines: readonly string[];
  readonly provenance: Provenance;
};

export function openResults(folder: string): ResultsFolder {
  const fileOf = (key: string) => join(folder, `${key}.json`);
  const keys = async () => {
    const files = await readdir(folder).catch(emptyIfMissing<string[]>([]));
    return files.filter((file) => file.endsWith('.json')).map((file) => file.slice(0, -'.json'.length));
  };
  return {
    async get<Kind extends JobKind>({ key, kind }: JobNode<Kind>) {
      const stored = await read(fileOf(key));
      return stored && { resource: resourceTypes[kind].fromJSON(stored.job), artifacts: stored.artifacts };
    },
    async put(node, { resource, artifacts }, provenance) {
      const { kind, key, title, content, work } = node;
      const stored: Stored = {
        schema,
        key,
        title,
        kind,
        content,
        job: resourceTypes[kind].toJSON(resource),
        artifacts,
        work,
        trainerSeconds: trainerSecondsOf(resource),
        engines: [...new Set(resource.status?.trainerUses.map(({ engine }) => engine))],
        provenance,
      };
      await mkdir(folder, { recursive: true });
      const part = `${fileOf(key)}.part`;
      await writeFile(part, `${JSON.stringify(stored, null, 2)}\n`);
      await rename(part, fileOf(key));
    },
    keys,
    async costs() {
      const stored = await Promise.all((await keys()).map((key) => read(fileOf(key))));
      return stored.flatMap((each) =>
        each ? [{ kind: each.kind, work: each.work, trainerSeconds: each.trainerSeconds }] : [],
      );
    },
  };
}

/** Seconds that trainers worked for a job. */
export function trainerSecondsOf({ status }: Resources[JobKind]): number {
  return (status?.trainerUses ?? []).reduce((sum, { startTime, endTime }) => {
    return sum + (startTime && endTime ? (endTime.getTime() - startTime.getTime()) / 1000 : 0);
  }, 0);
}

async function read(path: string): Promise<Stored | undefined> {
  const text = await readFile(path, 'utf8').catch(emptyIfMissing(undefined));
  if (text === undefined) return undefined;
  try {
    const stored = JSON.parse(text);
    if (stored.schema === schema) return stored;
    throw new Error(`expected schema ${schema}, found ${stored.schema}`);
  } catch (error) {
    throw new Error(`${path} is no stored result; delete it to have it made again`, { cause: error });
  }
}

const emptyIfMissing =
  <T>(empty: T) =>
  (error: NodeJS.ErrnoException): T => {
    if (error.code === 'ENOENT') return empty;
    throw error;
  };
