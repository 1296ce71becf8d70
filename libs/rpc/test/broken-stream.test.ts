import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { CampaignServiceService } from '@nss/contracts';
import { connect, NssError } from '../src/index.ts';

test('a stream that ends without a status is a server that is away: UNAVAILABLE, retryable', async (t) => {
  const server = createServer();
  server.on('stream', (stream: ServerHttp2Stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
    stream.close(0);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const client = connect(CampaignServiceService, `127.0.0.1:${(server.address() as AddressInfo).port}`);
  t.after(() => client.close());
  await assert.rejects(
    async () => {
      for await (const _ of client.watchCampaign({ name: 'campaigns/x', afterChange: 0 }));
    },
    (error) => error instanceof NssError && error.codeName === 'UNAVAILABLE' && error.retryable,
  );
});
