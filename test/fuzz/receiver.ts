import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { Webhook } from 'standardwebhooks';

/** Its name among the webhooks. */
export const RECEIVER = 'fuzzed';
const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

/** Who is told of every event, and looks at each closely. */
export type Receiver = {
  /** A webhooks file that names it. */
  readonly file: string;
  /** How many came. */
  posted(): number;
  /** What was wrong with those that it would not believe. */
  faults(): readonly string[];
  close(): Promise<void>;
};

export async function startReceiver(): Promise<Receiver> {
  let posted = 0;
  const faults: string[] = [];
  const verifier = new Webhook(SECRET);
  const server = createServer(async (request, response) => {
    const body = await text(request);
    try {
      const { specversion, id, source } = verifier.verify(body, request.headers as Record<string, string>) as Partial<
        Record<string, unknown>
      >;
      if (specversion !== '1.0' || source !== '/tenants/default' || id !== request.headers['webhook-id']) {
        faults.push(`no CloudEvent: ${body.slice(0, 200)}`);
      }
    } catch (error) {
      faults.push(`${error}: ${body.slice(0, 200)}`);
    }
    posted++;
    response.writeHead(204).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return {
    file: JSON.stringify({ webhooks: [{ name: RECEIVER, url, secret: SECRET, pausesSeconds: [1, 1, 1] }] }),
    posted: () => posted,
    faults: () => faults,
    async close() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
