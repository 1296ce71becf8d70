import type { TestContext } from 'node:test';
import {
  CampaignServiceService,
  Certificate,
  CertifySpaceRequest,
  FlopsEstimatorServiceService,
  ReadArtifactRequest,
  ReadArtifactResponse,
  SessionRequest,
  SessionResponse,
  Trainer,
  TrainerServiceService,
} from '@nss/contracts';
import { createLogger } from '@nss/runtime';
import {
  type CallContext,
  type ClientOptions,
  connect,
  type Implementation,
  type ServerOptions,
  service,
  startServer,
  unimplemented,
} from '../src/index.ts';

/** What a test puts behind the three kinds of methods; the rest of the services answers UNIMPLEMENTED. */
export type Handlers = {
  unary?: (request: CertifySpaceRequest, context: CallContext) => Promise<Certificate>;
  serverStream?: (request: ReadArtifactRequest, context: CallContext) => AsyncIterable<ReadArtifactResponse>;
  bidi?: (requests: AsyncIterable<SessionRequest>, context: CallContext) => AsyncIterable<SessionResponse>;
};

/** A server on loopback with these handlers, clients of it, and the lines that it logged. Closed when the test ends. */
export async function serve(
  t: TestContext,
  handlers: Handlers,
  options: Partial<ServerOptions> & { client?: ClientOptions } = {},
) {
  const lines: Record<string, unknown>[] = [];
  const logger = createLogger('test', {
    level: 'info',
    stream: { write: (line) => void lines.push(JSON.parse(line)) },
  });
  const refuse = async () => {
    throw unimplemented('not in this test');
  };
  const server = await startServer({
    listen: '127.0.0.1:0',
    services: [
      service(FlopsEstimatorServiceService, {
        estimateArchitectures: refuse,
        estimateDistribution: refuse,
        certifySpace: handlers.unary ?? refuse,
      }),
      service(CampaignServiceService, {
        ...(Object.fromEntries(
          Object.keys(CampaignServiceService).map((name) => [name, refuse]),
        ) as unknown as Implementation<typeof CampaignServiceService>),
        ...(handlers.serverStream && { readArtifact: handlers.serverStream }),
      }),
      service(
        TrainerServiceService,
        {
          session: handlers.bidi ?? (() => fail()),
          getTrainer: async () => Trainer.create({ trainerId: 'trainer-0' }),
        },
        { callers: 'services' },
      ),
    ],
    logger,
    ...options,
  });
  const clients = {
    flops: connect(FlopsEstimatorServiceService, server.address, options.client),
    campaigns: connect(CampaignServiceService, server.address, options.client),
    trainer: connect(TrainerServiceService, server.address, options.client),
  };
  t.after(async () => {
    for (const client of Object.values(clients)) client.close();
    await server.close(0);
  });
  return { server, ...clients, lines };
}

// biome-ignore lint/correctness/useYield: an iterable that fails before its first element
async function* fail(): AsyncGenerator<SessionResponse> {
  throw unimplemented('not in this test');
}

/** Requests and responses, told apart by one number each. */
export const unaryRequest = (number: number): CertifySpaceRequest =>
  CertifySpaceRequest.create({ targetMultiplyAdds: number });
export const unaryResponse = (number: number): Certificate => Certificate.create({ architectures: number });
export const chunk = (number: number, bytes = 1): ReadArtifactResponse =>
  ReadArtifactResponse.create({ data: Buffer.alloc(bytes, number) });
export const readRequest = (name = 'campaigns/c/file'): ReadArtifactRequest => ReadArtifactRequest.create({ name });
export const command = (checkpointId: string): SessionRequest =>
  SessionRequest.create({ command: { $case: 'save', value: { checkpointId } } });
export const reply = (checkpointId: string): SessionResponse =>
  SessionResponse.create({ reply: { $case: 'save', value: { checkpointId, digest: '', bytes: 0 } } });
export const checkpointOf = (message: SessionRequest | SessionResponse): string => {
  const part = 'command' in message ? message.command : message.reply;
  if (part?.$case !== 'save') throw new Error('not a save');
  return part.value.checkpointId;
};
