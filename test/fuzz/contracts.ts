import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { loadSync, type MethodDefinition } from '@grpc/proto-loader';

/* Every method of every service and every field of its requests, from the contracts as they are written: what is added is fuzzed. */

export type Field = {
  readonly name: string;
  readonly label: string;
  readonly type: string;
  readonly typeName: string;
};

export type Method = {
  readonly service: string;
  readonly name: string;
  readonly path: string;
  readonly requestType: string;
  readonly clientStreams: boolean;
  readonly serverStreams: boolean;
  /** Bytes of a request. Throws for what no such message can hold. */
  encode(request: object): Buffer;
  decode(request: Uint8Array): object;
  decodeResponse(response: Uint8Array): object;
};

const folder = join(import.meta.dirname, '../../proto');
const files = [
  ...readdirSync(join(folder, 'nss/v1')).map((file) => join('nss/v1', file)),
  'katib/api.proto',
  'vizier/pythia_service.proto',
];
/** Katib's database is nobody's of this mesh. */
const SERVED_ELSEWHERE = new Set(['api.v1.beta1.DBManager']);
const definitions = loadSync(files, { includeDirs: [folder], keepCase: true });

export const methods: readonly Method[] = Object.entries(definitions).flatMap(([service, definition]) =>
  'format' in definition || SERVED_ELSEWHERE.has(service)
    ? []
    : Object.entries(definition as Record<string, MethodDefinition<object, object>>).map(([name, method]) => ({
        service: service.replace('nss.v1.', ''),
        name,
        path: method.path,
        requestType: (method.requestType.type as { name: string }).name,
        clientStreams: method.requestStream,
        serverStreams: method.responseStream,
        encode: method.requestSerialize,
        decode: (bytes: Uint8Array) => method.requestDeserialize(Buffer.from(bytes)),
        decodeResponse: (bytes: Uint8Array) => method.responseDeserialize(Buffer.from(bytes)),
      })),
);

/** Types are named as where they are used sees them. */
const packages = ['nss.v1', 'api.v1.beta1', 'vizier'];

/** Fields of a message; none for one that is not known. */
export function fieldsOf(messageType: string): readonly Field[] {
  const names = [messageType, ...packages.map((each) => `${each}.${messageType}`)];
  const found = definitions[names.find((name) => name in definitions) ?? ''];
  return found && 'format' in found ? ((found.type as { field?: Field[] }).field ?? []) : [];
}
