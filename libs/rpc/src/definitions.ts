import type { MethodDefinition } from '@grpc/grpc-js';

/** A service as ts-proto generates it, for example `CampaignServiceService`. */
// biome-ignore lint/suspicious/noExplicitAny: messages of any type; the types of each method are inferred where it is used
export type Definition = Readonly<Record<string, MethodDefinition<any, any>>>;

/** Message that a method receives. */
export type RequestOf<Method> = Method extends { requestSerialize: (value: infer Request) => Buffer } ? Request : never;

/** Message that a method answers with. */
export type ResponseOf<Method> = Method extends { responseSerialize: (value: infer Response) => Buffer }
  ? Response
  : never;

/** How many messages go each way. */
export type Unary = { readonly requestStream: false; readonly responseStream: false };
export type ServerStreaming = { readonly requestStream: false; readonly responseStream: true };
export type Bidirectional = { readonly requestStream: true; readonly responseStream: true };

/** Full name of the service that a definition describes, for example `nss.v1.CampaignService`. */
export function serviceNameOf(definition: Definition): string {
  const [first] = Object.values(definition);
  return first.path.split('/')[1];
}
