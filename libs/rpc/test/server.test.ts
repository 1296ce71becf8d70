import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { status } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { createLogger } from '@nss/runtime';
import { service as healthService } from 'grpc-health-check';
import { connect, type Definition, NssError, startServer } from '../src/index.ts';
import { checkpointOf, chunk, command, readRequest, reply, serve, unaryRequest, unaryResponse } from './fixture.ts';

// Definitions made by proto-loader carry no types.
// biome-ignore lint/suspicious/noExplicitAny: see above
type Untyped = any;

const isUnavailable = (error: unknown) =>
  error instanceof NssError && error.code === status.UNAVAILABLE && error.reason === 'CLOSING';

test('health tells of the server and of each service, and a watcher hears changes', async (t) => {
  const { server } = await serve(t, {});
  const health: Untyped = connect(healthService as Definition, server.address);
  t.after(() => health.close());
  const check = async (service: string) => (await health.Check({ service })).status;
  assert.equal(await check(''), 'SERVING');
  assert.equal(await check('nss.v1.TrainerService'), 'SERVING');
  await assert.rejects(
    check('nss.v1.NoSuchService'),
    (error) => error instanceof NssError && error.code === status.NOT_FOUND,
  );

  const watch = health.Watch({ service: 'nss.v1.TrainerService' });
  assert.equal((await watch.next()).value.status, 'SERVING');
  server.health.setServing('nss.v1.TrainerService', false);
  assert.equal((await watch.next()).value.status, 'NOT_SERVING');
  assert.equal(await check(''), 'SERVING');
  server.health.setServing('', true);
  assert.equal((await watch.next()).value.status, 'SERVING');
  server.health.setServing('', false);
  assert.equal((await watch.next()).value.status, 'NOT_SERVING');
  assert.equal(await check(''), 'NOT_SERVING');
});

test('reflection lists the services and describes every message they use', async (t) => {
  const { server } = await serve(t, {});
  const proto = new URL(
    '../../../node_modules/@grpc/reflection/build/proto/grpc/reflection/v1/reflection.proto',
    import.meta.url,
  );
  const definition = loadSync(proto.pathname, { oneofs: true })['grpc.reflection.v1.ServerReflection'];
  const reflection: Untyped = connect(definition as Definition, server.address);
  t.after(() => reflection.close());
  const call = reflection.ServerReflectionInfo();
  const ask = async (request: object) => {
    await call.send(request);
    return (await call.responses.next()).value;
  };
  const listed = (await ask({ listServices: '' })).listServicesResponse.service.map(
    ({ name }: { name: string }) => name,
  );
  assert.deepEqual(listed.sort(), [
    'grpc.health.v1.Health',
    'nss.v1.CampaignService',
    'nss.v1.FlopsEstimatorService',
    'nss.v1.TrainerService',
  ]);
  for (const symbol of [
    'nss.v1.CampaignService',
    'nss.v1.Certificate',
    'google.protobuf.Struct',
    'grpc.health.v1.Health',
  ]) {
    const { fileDescriptorResponse, errorResponse } = await ask({ fileContainingSymbol: symbol });
    assert.ok(fileDescriptorResponse?.fileDescriptorProto.length > 0, `${symbol}: ${errorResponse?.errorMessage}`);
  }
  call.end();
  assert.equal((await call.responses.next()).done, true);
});

test('a closing server lets unary calls finish and ends streams with UNAVAILABLE', async (t) => {
  const started = Promise.withResolvers<void>();
  const finish = Promise.withResolvers<void>();
  const { server, flops, campaigns, trainer } = await serve(t, {
    unary: async () => {
      started.resolve();
      await finish.promise;
      return unaryResponse(7);
    },
    async *serverStream(_, { signal }) {
      yield chunk(1);
      // Ends quietly: the server must not let that pass for the end of the data.
      await once(signal, 'abort');
    },
    async *bidi(requests) {
      for await (const request of requests) yield reply(checkpointOf(request));
    },
  });
  const unary = flops.certifySpace(unaryRequest(1));
  await started.promise;
  const watch = campaigns.readArtifact(readRequest());
  await watch.next();
  const session = trainer.session();
  await session.send(command('a'));
  await session.responses.next();

  const closed = server.close(60_000);
  await assert.rejects(watch.next(), isUnavailable);
  await assert.rejects(session.responses.next(), isUnavailable);
  finish.resolve();
  assert.deepEqual(await unary, unaryResponse(7));
  await closed;
});

test('a closing server cuts calls that do not end within the grace', async (t) => {
  const started = Promise.withResolvers<void>();
  const { server, flops, lines } = await serve(t, {
    unary: async (_, { signal }) => {
      started.resolve();
      await once(signal, 'abort');
      return unaryResponse(0);
    },
  });
  const refused = assert.rejects(flops.certifySpace(unaryRequest(1)), NssError);
  await started.promise;
  await server.close(1);
  await refused;
  assert.ok(lines.some(({ msg }) => msg === 'calls cut by the closing server'));
});

test('an address that is taken is an error that names it', async (t) => {
  const { server } = await serve(t, {});
  const second = startServer({
    listen: server.address,
    services: [],
    logger: createLogger('test', { level: 'silent' }),
  });
  await assert.rejects(second, (error) => {
    assert.ok(error instanceof NssError && error.code === status.FAILED_PRECONDITION);
    assert.match(error.message, new RegExp(server.address.replaceAll('.', '\\.')));
    return true;
  });
});
