import { once } from 'node:events';
import { createServer } from 'node:http';

/** A span as a collector gets it. */
export type CollectedSpan = {
  readonly service: string;
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly kind: 'internal' | 'server' | 'client' | 'producer' | 'consumer';
  readonly attributes: Readonly<Record<string, string>>;
  /** Ids of the spans that it is linked to. */
  readonly links: readonly string[];
};

/** A collector of traces on this machine that takes OTLP as JSON. */
export type Collector = {
  /** What tells processes to send their spans here. */
  readonly environment: Readonly<Record<string, string>>;
  readonly spans: CollectedSpan[];
  close(): Promise<void>;
};

type Attributes = readonly { key: string; value: { stringValue?: string } }[];
type Exported = {
  resourceSpans: {
    resource: { attributes: Attributes };
    scopeSpans: {
      spans: (Omit<CollectedSpan, 'service' | 'kind' | 'attributes' | 'links'> & {
        kind: number;
        attributes: Attributes;
        links?: { spanId: string }[];
      })[];
    }[];
  }[];
};

/** In the order of their numbers in OTLP. */
const KINDS = ['internal', 'internal', 'server', 'client', 'producer', 'consumer'] as const;

export async function startCollector(): Promise<Collector> {
  const spans: CollectedSpan[] = [];
  const server = createServer(async (request, response) => {
    const body = Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>));
    if (request.url === '/v1/traces') spans.push(...spansOf(JSON.parse(body.toString('utf8'))));
    response.setHeader('content-type', 'application/json').end('{}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('a TCP server without a port');
  return {
    environment: {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${address.port}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_METRICS_EXPORTER: 'none',
    },
    spans,
    async close() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

function spansOf({ resourceSpans }: Exported): CollectedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map(({ kind, attributes, links = [], ...span }) => ({
        ...span,
        service: recordOf(resource.attributes)['service.name'],
        kind: KINDS[kind],
        attributes: recordOf(attributes),
        links: links.map(({ spanId }) => spanId),
      })),
    ),
  );
}

const recordOf = (attributes: Attributes): Record<string, string> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue ?? '']));
