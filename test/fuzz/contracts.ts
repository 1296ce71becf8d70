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
};

const folder = join(import.meta.dirname, '../../proto');
const files = readdirSync(join(folder, 'nss/v1')).map((file) => join('nss/v1', file));
const definitions = loadSync(files, { includeDirs: [folder], keepCase: true });

export const methods: readonly Method[] = Object.entries(definitions).flatMap(([service, definition]) =>
  'format' in definition
    ? []
    : Object.entries(definition as Record<string, MethodDefinition<object, object>>).map(([name, method]) => ({
        service: service.replace('nss.v1.', ''),
        name,
        path: method.path,
        requestType: (method.requestType.type as { name: string }).name,
        clientStreams: method.requestStream,
        serverStreams: method.responseStream,
        encode: method.requestSerialize,
      })),
);

/** Fields of a message; none for one that is not known. */
export function fieldsOf(messageType: string): readonly Field[] {
  const found = definitions[messageType] ?? definitions[`nss.v1.${messageType}`];
  return found && 'format' in found ? ((found.type as { field?: Field[] }).field ?? []) : [];
}
