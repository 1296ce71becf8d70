import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ARTIFACTS, CHECKPOINTS, connectBus, ensureTopology, openObjects } from '@nss/bus';
import { startNatsServer } from '@nss/bus/testing';
import { Campaign, CampaignServiceService, CampaignSpec, JobState } from '@nss/contracts';
import { connect } from '@nss/rpc';
import { createLogger } from '@nss/runtime';
import { startS3Server } from '../libs/bus/testing/s3-server.ts';
import { freeAddresses, type ServiceProcess, startService } from './mesh-processes.ts';
import { startAnalyticTrainer } from './simulation/analytic-trainer.ts';

test('with a bucket in S3, a campaign leaves its weights and artifacts there and none in JetStream, and takes them along when it is deleted', async (t) => {
  const logger = createLogger('test', { level: 'silent' });
  const closers: (() => Promise<unknown>)[] = [];
  t.after(async () => {
    for (const close of closers.reverse()) await close();
  });
  const nats = await startNatsServer();
  closers.push(() => nats.stop());
  const s3 = await startS3Server();
  closers.push(() => s3.stop());
  const { bucket, endpoint } = s3.settings;
  const [spaceController, evaluator, nasRunner, flopsEstimator] = await freeAddresses(4);
  const env = {
    NSS_NATS_URL: nats.url,
    NSS_S3_BUCKET: bucket,
    NSS_S3_ENDPOINT: endpoint,
    NSS_SPACE_CONTROLLER_ADDRESS: spaceController,
    NSS_EVALUATOR_ADDRESS: evaluator,
    NSS_NAS_RUNNER_ADDRESS: nasRunner,
    NSS_FLOPS_ESTIMATOR_ADDRESS: flopsEstimator,
  };
  const bus = await connectBus({ url: nats.url, name: 'test', logger, s3: s3.settings });
  closers.push(() => bus.close());
  await ensureTopology(bus);
  const start = (name: string, address: string): Promise<ServiceProcess> => {
    const starting = startService(name, address, env);
    // Also when another one does not start.
    closers.push(() => starting.then((service) => service.stop()).catch(() => {}));
    return starting;
  };
  await Promise.all([
    start('space-controller', spaceController),
    start('evaluator', evaluator),
    start('nas-runner', nasRunner),
    start('flops-estimator', flopsEstimator),
  ]);
  const trainer = await startAnalyticTrainer(bus, 'trainer-1', logger);
  closers.push(() => trainer.close());

  const campaigns = connect(CampaignServiceService, spaceController);
  closers.push(async () => campaigns.close());
  const spec = CampaignSpec.create({ dataset: 'cifar10', preset: 'tiny', targetsMultiplyAdds: [60_000] });
  await campaigns.createCampaign({ campaignId: 'kept', campaign: Campaign.create({ spec }), requestId: 'kept' });
  let last: Campaign | undefined;
  for await (const { campaign } of campaigns.watchCampaign({ name: 'campaigns/kept', afterChange: 0 })) last = campaign;
  assert.equal(last?.status?.state, JobState.SUCCEEDED, `${last?.status?.error?.message}`);

  const buckets = await Promise.all([CHECKPOINTS, ARTIFACTS].map((each) => openObjects(bus, each)));
  const left = async () => (await Promise.all(buckets.map((objects) => objects.list()))).map((found) => found.length);
  const [weights, artifacts] = await left();
  assert.ok(weights > 0 && artifacts > 0, `${weights} weights, ${artifacts} artifacts`);
  const streams = (await bus.jsm.streams.list().next()).map(({ config }) => config.name);
  assert.ok(streams.includes('NSS_JOBS'));
  assert.deepEqual(
    streams.filter((name) => name.startsWith('OBJ_')),
    [],
  );
  const chunks: Buffer[] = [];
  for await (const { data } of campaigns.readArtifact({ name: 'campaigns/kept/report.html' })) chunks.push(data);
  assert.match(Buffer.concat(chunks).toString('utf8'), /<html/);

  await campaigns.deleteCampaign({ name: 'campaigns/kept' });
  assert.deepEqual(await left(), [0, 0]);
});
