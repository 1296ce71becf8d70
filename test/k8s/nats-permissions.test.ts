import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { type Bus, connectBus, ensureTopology } from '@nss/bus';
import { startNatsServer, type TestNatsServer } from '@nss/bus/testing';
import { Campaign, CampaignServiceService, CampaignSpec, JobState } from '@nss/contracts';
import { connect } from '@nss/rpc';
import { createLogger } from '@nss/runtime';
import { freeAddresses, type ServiceProcess, startService } from '../mesh-processes.ts';
import { type AnalyticTrainerServer, startAnalyticTrainer } from '../simulation/analytic-trainer.ts';

/*
 * The users and permissions of k8s/base/nats.conf, on a real server with the real services.
 */

const logger = createLogger('test', { level: 'silent' });
const users = ['space-controller', 'evaluator', 'nas-runner', 'supernet-trainer', 'webhooks', 'operator'];
const delivered: string[] = [];
let receiver: Server;
let folder: string;
let nats: TestNatsServer;
let trainerBus: Bus;
let trainer: AnalyticTrainerServer;
let controllerAddress: string;
let metricsUrl: string;
let services: ServiceProcess[] = [];

const serverLog = () => readFile(join(folder, 'nats.log'), 'utf8');
const violations = async () => (await serverLog()).split('\n').filter((line) => /Violation|Authorization/i.test(line));

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nss-permissions-'));
  const manifest = await readFile(join(import.meta.dirname, '../../k8s/base/nats.conf'), 'utf8');
  const authorization = manifest.slice(manifest.indexOf('authorization {'));
  for (const user of users) process.env[`${user.toUpperCase().replaceAll('-', '_')}_PASSWORD`] = `pass-${user}`;
  nats = await startNatsServer({ config: `log_file: ${JSON.stringify(join(folder, 'nats.log'))}\n${authorization}` });

  receiver = createServer(async (request, response) => {
    delivered.push(JSON.parse(await text(request)).type);
    response.writeHead(204).end();
    if (delivered.at(-1)?.endsWith('campaign.deleted')) receiver.emit('last');
  });
  const [spaceController, evaluator, nasRunner, flopsEstimator, metrics] = await freeAddresses(5);
  controllerAddress = spaceController;
  metricsUrl = `http://${metrics}/metrics`;
  const environment = (user: string) => ({
    NSS_NATS_URL: nats.url,
    NSS_NATS_USER: user,
    NSS_NATS_PASSWORD: `pass-${user}`,
    NSS_SPACE_CONTROLLER_ADDRESS: spaceController,
    NSS_EVALUATOR_ADDRESS: evaluator,
    NSS_NAS_RUNNER_ADDRESS: nasRunner,
    NSS_FLOPS_ESTIMATOR_ADDRESS: flopsEstimator,
    NSS_CHECKPOINT_SECONDS: '0',
  });
  const webhooksFile = join(folder, 'webhooks.yaml');
  await writeFile(webhooksFile, await webhooksTo(receiver));
  services = await Promise.all([
    startService('webhooks', 'unused', { ...environment('webhooks'), NSS_WEBHOOKS_FILE: webhooksFile }),
    startService('space-controller', spaceController, {
      ...environment('space-controller'),
      NSS_METRICS_LISTEN: metrics,
    }),
    startService('evaluator', evaluator, environment('evaluator')),
    startService('nas-runner', nasRunner, environment('nas-runner')),
    startService('flops-estimator', flopsEstimator, { NSS_NATS_URL: 'nats://nobody:1' }),
  ]);
  const login = { user: 'supernet-trainer', password: 'pass-supernet-trainer' };
  trainerBus = await connectBus({ url: nats.url, name: 'trainer', logger, ...login });
  await ensureTopology(trainerBus);
  trainer = await startAnalyticTrainer(trainerBus, 'trainer-1', logger);
});

/** The file of webhooks that has one, which gets every event of campaigns. */
async function webhooksTo(server: Server): Promise<string> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/`;
  const secret = `whsec_${Buffer.alloc(24, 1).toString('base64')}`;
  return JSON.stringify({ webhooks: [{ name: 'receiver', url, secret, events: ['campaigns.*'] }] });
}

after(async () => {
  await trainer?.close();
  await trainerBus?.close();
  await Promise.all(services.map((service) => service.stop()));
  receiver?.close();
  await nats?.stop();
  await rm(folder, { recursive: true });
});

test('the permissions are enough for a whole campaign, its metrics and its webhooks, and for cancelling and deleting one', async () => {
  const last = once(receiver, 'last');
  const campaigns = connect(CampaignServiceService, controllerAddress);
  const campaign = Campaign.create({
    spec: CampaignSpec.create({ dataset: 'cifar10', preset: 'tiny', targetsMultiplyAdds: [60_000] }),
  });
  await campaigns.createCampaign({ campaignId: 'first', campaign, requestId: 'first' });
  let ended: Campaign | undefined;
  for await (const change of campaigns.watchCampaign({ name: 'campaigns/first', afterChange: 0 }))
    ended = change.campaign;
  assert.equal(ended?.status?.state, JobState.SUCCEEDED, `${ended?.status?.error?.message}`);
  const scraped = await (await fetch(metricsUrl)).text();
  for (const queue of ['trainers', 'campaigns']) assert.match(scraped, new RegExp(`nss_queue_messages.*"${queue}"`));
  assert.match(scraped, /^nss_dead_letters\{/m);
  await campaigns.createCampaign({ campaignId: 'second', campaign, requestId: 'second' });
  await campaigns.cancelCampaign({ name: 'campaigns/second' });
  await campaigns.deleteCampaign({ name: 'campaigns/first' });
  campaigns.close();
  await last;
  assert.ok(
    delivered.some((type) => type.endsWith('campaign.succeeded')),
    delivered.join(' '),
  );
  assert.deepEqual(await violations(), []);
});

test('a trainer can neither write jobs nor ask for trainers, and no service writes the jobs of another', async () => {
  const refused = async (bus: Bus, subjects: string[]) => {
    for (const subject of subjects) bus.nc.publish(subject, 'x');
    await bus.nc.flush();
    const log = await serverLog();
    for (const subject of subjects) assert.ok(log.includes(`Subject "${subject}"`), `${subject} was not refused`);
  };
  await refused(trainerBus, [
    '$KV.nss-campaigns.first',
    '$KV.nss-job-state.campaigns.first.claim',
    'nss.v1.jobs.campaigns.first.requested',
    'nss.v1.leases.requested',
    '$JS.API.STREAM.DELETE.NSS_JOBS',
    '$JS.API.STREAM.PURGE.NSS_LEASES',
  ]);
  const evaluator = await connectBus({
    url: nats.url,
    name: 'test',
    logger,
    user: 'evaluator',
    password: 'pass-evaluator',
  });
  try {
    await refused(evaluator, [
      '$KV.nss-trainings.first',
      'nss.v1.jobs.searches.first.requested',
      '$JS.ACK.NSS_LEASES.trainers.x',
    ]);
  } finally {
    await evaluator.close();
  }
});
