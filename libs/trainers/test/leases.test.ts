import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { status } from '@grpc/grpc-js';
import { consume, LEASE_QUEUE, LEASE_SUBJECT, listDeadLetters, onRequest, privateSubject, publish } from '@nss/bus';
import { LeaseGrant, LeaseRequest, OpenSession, Split } from '@nss/contracts';
import { invalidArgument, NssError } from '@nss/rpc';
import { openSession, TrainerLost, type WithTrainer, withTrainer, withTrainerRetry } from '../src/index.ts';
import { leasesIn, logger, noLeases, startBus, startTrainer } from './fixture.ts';

const never = new AbortController().signal;
const architecture = { stages: [{ depth: 1, width: 16 }] };
const step = (iteration: number) => ({ iteration, architecture, learningRate: 0.5 });

const needs = (bus: WithTrainer['bus'], more: Partial<WithTrainer> = {}): WithTrainer => ({
  bus,
  job: 'searches/s',
  open: OpenSession.create({ seed: 7 }),
  signal: never,
  logger,
  ...more,
});

test('a holder gets a trainer, drives it through every command, and leaves it free', async (t) => {
  const { bus, connected } = await startBus(t);
  const commands: unknown[] = [];
  const trainer = await startTrainer(t, await connected('trainer'), 'trainer-0', {
    before: (command) => void commands.push(command),
  });
  const result = await withTrainer(needs(bus), async (session) => {
    assert.equal(session.info.trainerId, 'trainer-0');
    assert.equal(trainer.leaseId(), trainer.opened[0].leaseId);
    assert.deepEqual(await session.weightSteps('weights', [step(1), step(2)]), [0.5, 0.5]);
    const mixture = [{ depths: [1, 2], depthWeights: [0.25, 0.75], widths: [16], widthWeights: [1] }];
    const theta = await session.thetaStep(3, mixture);
    assert.deepEqual(theta, { loss: 3, gradients: [{ depthWeights: [0.25, 0.75], widthWeights: [1] }] });
    const evaluated = await session.evaluate([architecture], 100);
    assert.deepEqual(evaluated, { errorsPercent: [16], losses: [100] });
    const checkpoint = await session.save('searches/s/3');
    assert.deepEqual(checkpoint, { checkpointId: 'searches/s/3', digest: 'SHA-256=2', bytes: 8 });
    await session.load(checkpoint);
    return session.busySeconds();
  });
  assert.equal(result, 6 * 0.5);
  assert.deepEqual(trainer.commands, ['open', 'weightSteps', 'thetaStep', 'evaluate', 'save', 'load']);
  assert.equal(trainer.opened[0].seed, 7);
  assert.deepEqual(commands[1], {
    $case: 'weightSteps',
    value: { split: Split.WEIGHTS, steps: [step(1), step(2)] },
  });
  await noLeases(bus);
  assert.equal(trainer.leaseId(), '');
});

test('a trainer works for one holder at a time, and for all of them in the end', async (t) => {
  const { bus, connected } = await startBus(t);
  await startTrainer(t, await connected('trainer'), 'trainer-0');
  let working = 0;
  const most = await Promise.all(
    Array.from({ length: 5 }, () =>
      withTrainer(needs(bus), async (session) => {
        working++;
        await session.weightSteps('all', [step(1)]);
        return working--;
      }),
    ),
  );
  assert.deepEqual(most, [1, 1, 1, 1, 1]);
});

test('holders share the trainers that there are', async (t) => {
  const { bus, connected } = await startBus(t);
  for (const id of ['trainer-0', 'trainer-1']) await startTrainer(t, await connected(id), id);
  const both = Promise.withResolvers<void>();
  const seen = new Set<string>();
  // Each waits for the other: two sessions must be open at once.
  await Promise.all(
    [0, 1].map(() =>
      withTrainer(needs(bus), async ({ info }) => {
        seen.add(info.trainerId);
        if (seen.size === 2) both.resolve();
        await both.promise;
      }),
    ),
  );
});

test('a trainer that goes while it works is TrainerLost, and the work goes on with another one from the checkpoint', async (t) => {
  const { bus, connected } = await startBus(t);
  const store = new Map<string, number>();
  const first = await startTrainer(t, await connected('trainer-0'), 'trainer-0', { store });
  const trainers: string[] = [];
  let checkpoint: Awaited<ReturnType<Parameters<Parameters<typeof withTrainer>[1]>[0]['save']>> | undefined;
  const second = Promise.withResolvers<void>();
  const work = withTrainerRetry(needs(bus), async (session) => {
    trainers.push(session.info.trainerId);
    if (checkpoint) {
      await session.load(checkpoint);
      await session.weightSteps('all', [step(2)]);
      return session.save('searches/s/2');
    }
    await session.weightSteps('all', [step(1)]);
    checkpoint = await session.save('searches/s/1');
    await session.weightSteps('all', [step(2)]);
    second.resolve(first.stop());
    return session.weightSteps('all', [step(3)]).then(
      () => assert.fail('answered by a trainer that is gone'),
      (error) => {
        assert.ok(error instanceof TrainerLost && error.retryable);
        throw error;
      },
    );
  });
  await second.promise;
  await startTrainer(t, await connected('trainer-1'), 'trainer-1', { store });
  assert.deepEqual(await work, { checkpointId: 'searches/s/2', digest: 'SHA-256=2', bytes: 8 });
  assert.deepEqual(trainers, ['trainer-0', 'trainer-1']);
  await noLeases(bus);
});

/** A trainer in a process of its own, to be killed or stopped. */
async function startDoomed(t: TestContext, url: string): Promise<ChildProcess> {
  const doomed = spawn(process.execPath, [fileURLToPath(new URL('trainer-process.ts', import.meta.url)), url], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => doomed.kill('SIGKILL'));
  await once(doomed.stdout, 'data');
  return doomed;
}

test('a trainer that is killed while it works is TrainerLost at once, and its lease is dropped when it comes back', async (t) => {
  const { bus, connected, url } = await startBus(t, { ackWaitMs: 300 });
  const doomed = await startDoomed(t, url);
  await assert.rejects(
    withTrainer(needs(bus), async (session) => {
      await session.weightSteps('all', [step(1)]);
      doomed.kill('SIGKILL');
      // The kernel closes its connections; one of the next commands finds out.
      for (;;) await session.weightSteps('all', [step(2)]);
    }),
    TrainerLost,
  );
  assert.equal(await leasesIn(bus), 1);
  await startTrainer(t, await connected('trainer'), 'trainer-1');
  await noLeases(bus);
});

test('a trainer that hangs without dying is TrainerLost by keepalive, and the work goes on with another one', async (t) => {
  const { bus, connected, url } = await startBus(t);
  const doomed = await startDoomed(t, url);
  const trainers: string[] = [];
  await withTrainerRetry(needs(bus), async (session) => {
    trainers.push(session.info.trainerId);
    if (trainers.length === 1) {
      await startTrainer(t, await connected('trainer'), 'trainer-1');
      // Its connections stay open, and nobody answers on them.
      doomed.kill('SIGSTOP');
    }
    await session.weightSteps('all', [step(1)]);
  });
  assert.deepEqual(trainers, ['doomed', 'trainer-1']);
});

test('a job that loses its trainers without progress gives up; saving is progress, and what the job calls so', async (t) => {
  const { bus, connected } = await startBus(t);
  let opened = 0;
  await startTrainer(t, await connected('trainer'), 'trainer-0', {
    before(command) {
      if (command.$case === 'open') opened++;
      // An error that is not one of the protocol's answers: the transport broke.
      if (command.$case === 'weightSteps') throw new TrainerLost('out of memory', undefined);
    },
  });
  /** How many trainers it takes when the first few get somewhere before they are lost. */
  const trainersLost = async (advancing: number, how: 'save' | 'tell' = 'save') => {
    opened = 0;
    const work = withTrainerRetry({ ...needs(bus), maxLosses: 3 }, async (session, progressed) => {
      if (opened <= advancing) await (how === 'save' ? session.save('searches/s/1') : progressed());
      await session.weightSteps('all', [step(1)]);
    });
    await assert.rejects(work, TrainerLost);
    return opened;
  };
  assert.equal(await trainersLost(0), 3);
  assert.equal(await trainersLost(2), 2 + 3 - 1);
  assert.equal(await trainersLost(2, 'tell'), 2 + 3 - 1);
});

test('what a trainer refuses is the error of the job, not a lost trainer', async (t) => {
  const { bus, connected } = await startBus(t);
  await startTrainer(t, await connected('trainer'), 'trainer-0', {
    before() {
      throw invalidArgument([{ field: 'open.dataset', description: 'expected a data set' }]);
    },
  });
  await assert.rejects(
    withTrainerRetry(needs(bus), async () => assert.fail('opened')),
    (error) => {
      assert.ok(error instanceof NssError && error.code === status.INVALID_ARGUMENT);
      assert.deepEqual(
        error.fieldViolations.map(({ field }) => field),
        ['open.dataset'],
      );
      return true;
    },
  );
  await noLeases(bus);
});

test('what `use` throws is thrown, and the trainer is free again', async (t) => {
  const { bus, connected } = await startBus(t);
  const trainer = await startTrainer(t, await connected('trainer'), 'trainer-0');
  await assert.rejects(
    withTrainerRetry(needs(bus), async () => {
      throw new RangeError('a bug');
    }),
    RangeError,
  );
  await withTrainer(needs(bus), async () => {});
  assert.deepEqual(trainer.commands, ['open', 'open']);
});

test('commands that are given at once are answered in their order', async (t) => {
  const { bus, connected } = await startBus(t);
  const trainer = await startTrainer(t, await connected('trainer'), 'trainer-0');
  await withTrainer(needs(bus), async (session) => {
    const [losses, checkpoint, more] = await Promise.all([
      session.weightSteps('all', [step(1)]),
      session.save('searches/a/1'),
      session.weightSteps('all', [step(2), step(3)]),
    ]);
    assert.equal(losses.length, 1);
    assert.equal(checkpoint.checkpointId, 'searches/a/1');
    assert.equal(more.length, 2);
  });
  assert.deepEqual(trainer.commands, ['open', 'weightSteps', 'save', 'weightSteps']);
});

test('a job that is cancelled while it works ends its session', async (t) => {
  const { bus, connected } = await startBus(t);
  const cut = Promise.withResolvers<void>();
  await startTrainer(t, await connected('trainer'), 'trainer-0', {
    async before(command, { signal }) {
      if (command.$case !== 'weightSteps') return;
      controller.abort(new Error('cancelled by its owner'));
      if (!signal.aborted) await once(signal, 'abort');
      cut.resolve();
    },
  });
  const controller = new AbortController();
  await assert.rejects(
    withTrainerRetry(needs(bus, { signal: controller.signal }), (session) => session.weightSteps('all', [step(1)])),
    /cancelled by its owner/,
  );
  await cut.promise;
  await noLeases(bus);
});

test('a job that is cancelled while it waits leaves a lease that the next trainer drops', async (t) => {
  const { bus, connected } = await startBus(t);
  const controller = new AbortController();
  const waiting = withTrainer(needs(bus, { signal: controller.signal }), async () => assert.fail('granted'));
  while ((await leasesIn(bus)) === 0);
  controller.abort(new Error('cancelled by its owner'));
  await assert.rejects(waiting, /cancelled by its owner/);
  const trainer = await startTrainer(t, await connected('trainer'), 'trainer-0');
  await noLeases(bus);
  assert.deepEqual(trainer.commands, []);
});

test('a lease whose holder is gone, and a message that is no lease, are dropped', async (t) => {
  const { bus, connected } = await startBus(t);
  const gone = LeaseRequest.encode({ leaseId: 'l', job: 'searches/s', replySubject: privateSubject() }).finish();
  await publish(bus, LEASE_SUBJECT, gone);
  await publish(bus, LEASE_SUBJECT, new Uint8Array([0xff]));
  assert.equal(await leasesIn(bus), 2);
  await startTrainer(t, await connected('trainer'), 'trainer-0');
  await noLeases(bus);
  await withTrainer(needs(bus), async () => {});
});

test("a lease whose grant would go to a subject that is nobody's own is a dead letter at once", async (t) => {
  const { bus, connected } = await startBus(t);
  const subjects = ['', '$JS.API.STREAM.PURGE.NSS_JOBS', 'nss.v1.jobs.>', '_INBOX.>', '_INBOX.a b'];
  for (const replySubject of subjects) {
    await publish(bus, LEASE_SUBJECT, LeaseRequest.encode({ leaseId: 'l', job: 'searches/s', replySubject }).finish());
  }
  await startTrainer(t, await connected('trainer'), 'trainer-0');
  await noLeases(bus);
  const letters = await listDeadLetters(bus);
  assert.deepEqual(
    letters.map(({ reason, deliveries }) => ({ reason, deliveries })),
    subjects.map(() => ({ reason: 'its reply_subject is no private subject (_INBOX.*)', deliveries: 1 })),
  );
});

test('a lease that a trainer took and died with goes to another one', async (t) => {
  const { bus, connected } = await startBus(t, { ackWaitMs: 300 });
  const dying = await connected('dying');
  const taken = Promise.withResolvers<void>();
  // It holds the message until the test ends: then, too, it says nothing.
  const ended = Promise.withResolvers<'leave'>();
  const stop = new AbortController();
  const holding = () => {
    taken.resolve();
    return ended.promise;
  };
  const consumed = consume(dying, LEASE_QUEUE, holding, { signal: stop.signal });
  const work = withTrainer(needs(bus), async ({ info }) => info.trainerId);
  await taken.promise;
  await dying.nc.close();
  await startTrainer(t, await connected('trainer'), 'trainer-1');
  assert.equal(await work, 'trainer-1');
  stop.abort();
  ended.resolve('leave');
  await consumed;
});

test('a holder that does not open its session in time is asked again later', async (t) => {
  const { bus, connected } = await startBus(t);
  const replySubject = privateSubject();
  const grants: LeaseGrant[] = [];
  const second = Promise.withResolvers<void>();
  await onRequest(bus, replySubject, async (body) => {
    grants.push(LeaseGrant.decode(body));
    if (grants.length === 2) second.resolve();
    return new Uint8Array();
  });
  const trainer = await startTrainer(t, await connected('trainer'), 'trainer-0', { leases: { openWithinMs: 1 } });
  await publish(bus, LEASE_SUBJECT, LeaseRequest.encode({ leaseId: 'l', job: 'searches/s', replySubject }).finish());
  await second.promise;
  assert.deepEqual([grants[0].leaseId, grants[0].trainerId], ['l', 'trainer-0']);
  assert.deepEqual(trainer.commands, []);
});

test('a trainer that stops before the session is open gives the lease back at once', async (t) => {
  const { bus, connected } = await startBus(t);
  const replySubject = privateSubject();
  const granted = [Promise.withResolvers<string>(), Promise.withResolvers<string>()];
  let grants = 0;
  await onRequest(bus, replySubject, async (body) => {
    granted[grants++].resolve(LeaseGrant.decode(body).trainerId);
    return new Uint8Array();
  });
  const first = await startTrainer(t, await connected('trainer-0'), 'trainer-0');
  await publish(bus, LEASE_SUBJECT, LeaseRequest.encode({ leaseId: 'l', job: 'searches/s', replySubject }).finish());
  assert.equal(await granted[0].promise, 'trainer-0');
  await first.stop();
  await startTrainer(t, await connected('trainer-1'), 'trainer-1');
  assert.equal(await granted[1].promise, 'trainer-1');
});

test('a trainer refuses a session for a lease that it does not hold', async (t) => {
  const { bus, connected } = await startBus(t);
  const trainer = await startTrainer(t, await connected('trainer'), 'trainer-0');
  await withTrainer(needs(bus), async () => {
    const { leaseId } = trainer.opened[0];
    for (const other of ['', 'other', leaseId]) {
      await assert.rejects(openSession(trainer.address, { ...OpenSession.create(), leaseId: other }), (error) => {
        assert.ok(error instanceof TrainerLost);
        assert.match(error.message, /does not hold the lease/);
        return true;
      });
    }
  });
});
