import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import type { Method } from './contracts.ts';

/** How a call ended. */
export type Outcome = {
  /** Name of the gRPC status, or what it lacks. */
  readonly status: string;
  /** Why it is not what a call must end with; undefined when all is well. */
  readonly fault?: string;
};

/** A call that has not ended by then hangs. Streams that say something are let go. */
const DEADLINE_MS = 30_000;
/** Of a stream that goes on after its first answer. */
const STREAM_DEADLINE_MS = 120_000;
const raw = (bytes: Buffer) => bytes;

export type Caller = {
  call(method: Method, request: Uint8Array): Promise<Outcome>;
  /** The response of a call that must succeed. */
  ask(method: Method, request: Uint8Array): Promise<Uint8Array>;
  stream(method: Method): Stream;
  close(): void;
};

/** A call in both directions. */
export type Stream = {
  /** Sends one request and gives what comes next of the call: an answer, or its end. */
  send(request: Uint8Array): Promise<Outcome & { readonly ended: boolean }>;
  /** Says that no request follows, and waits for the end. */
  end(): Promise<Outcome>;
  cancel(): void;
};

/** Sends bytes as requests to the addresses of services. */
export function caller(addressOf: (service: string) => string): Caller {
  const clients = new Map<string, Client>();
  const clientOf = (service: string) => {
    const address = addressOf(service);
    const client = clients.get(address) ?? new Client(address, credentials.createInsecure());
    clients.set(address, client);
    return client;
  };
  return {
    call: (method, request) => callOnce(clientOf(method.service), method, Buffer.from(request)),
    ask: ({ service, path }, request) =>
      new Promise((resolve, reject) => {
        const end = (error: ServiceError | null, response?: Buffer) => (response ? resolve(response) : reject(error));
        clientOf(service).makeUnaryRequest(path, raw, raw, Buffer.from(request), end);
      }),
    stream: (method) => openStream(clientOf(method.service), method),
    close() {
      for (const client of clients.values()) client.close();
    },
  };
}

function callOnce(client: Client, method: Method, request: Buffer): Promise<Outcome> {
  const options = { deadline: Date.now() + DEADLINE_MS };
  return new Promise((resolve) => {
    const end = (error: ServiceError | null) => resolve(outcomeOf(error));
    if (!method.clientStreams && !method.serverStreams) {
      client.makeUnaryRequest(method.path, raw, raw, request, new Metadata(), options, end);
      return;
    }
    const bidi = method.clientStreams && client.makeBidiStreamRequest(method.path, raw, raw, new Metadata(), options);
    const stream = bidi || client.makeServerStreamRequest(method.path, raw, raw, request, new Metadata(), options);
    // One answer tells enough: a watch of a job goes on for as long as the job.
    stream.on('data', () => {
      resolve({ status: 'OK' });
      stream.cancel();
    });
    stream.on('error', (error: ServiceError) => end(error));
    stream.on('end', () => end(null));
    if (bidi) {
      bidi.write(request);
      bidi.end();
    }
  });
}

/** One request at a time: each is answered before the next is sent. */
function openStream(client: Client, { path }: Method): Stream {
  const call = client.makeBidiStreamRequest(path, raw, raw, new Metadata(), {
    deadline: Date.now() + STREAM_DEADLINE_MS,
  });
  const ended = Promise.withResolvers<Outcome>();
  let answered = Promise.withResolvers<void>();
  call.on('data', () => answered.resolve());
  // It says less than the status, which comes with every end.
  call.on('error', () => {});
  call.on('status', ({ code, details, metadata }) =>
    ended.resolve(
      outcomeOf(code === status.OK ? null : Object.assign(new Error(details), { code, details, metadata })),
    ),
  );
  return {
    send(request) {
      answered = Promise.withResolvers();
      call.write(Buffer.from(request));
      return Promise.race([
        answered.promise.then(() => ({ status: 'OK', ended: false })),
        ended.promise.then((outcome) => ({ ...outcome, ended: true })),
      ]);
    },
    end() {
      call.end();
      return ended.promise;
    },
    cancel: () => call.cancel(),
  };
}

const WRONG: Partial<Record<status, string>> = {
  [status.UNKNOWN]: 'no type',
  [status.INTERNAL]: 'an error that the service did not expect',
  [status.DEADLINE_EXCEEDED]: 'no answer in time',
  [status.UNAVAILABLE]: 'the service was away',
};

function outcomeOf(error: ServiceError | null): Outcome {
  if (!error) return { status: 'OK' };
  const name = status[error.code];
  const untyped = error.metadata?.get('grpc-status-details-bin').length === 0 ? 'no details' : undefined;
  const why = WRONG[error.code] ?? untyped;
  return { status: name, fault: why && `${name}, ${why}: ${error.details.slice(0, 200)}` };
}
