import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ARTIFACTS, CHECKPOINTS, connectBus, openObjects } from '@nss/bus';
import * as contracts from '@nss/contracts';
import { Campaign, CampaignServiceService, CampaignSpec, JobState, SessionRequest } from '@nss/contracts';
import { type Client, type ClientOptions, connect, type Definition, NssError } from '@nss/rpc';
import { createLogger } from '@nss/runtime';
import { passwordOf, type SecuredMesh, startSecuredMesh } from './secured-mesh.ts';

/*
 * Two tenants on one mesh. A campaign of `acme` has run; `umbrella` tries everything that there is to call and to listen to.
 */

const logger = createLogger('test', { level: 'silent' });
let mesh: SecuredMesh;
/** Names of everything that acme has, of every kind. */
let names: string[];
const clients: { close(): void }[] = [];

/** Which service answers for a definition, by the part of its name that tells. */
const owners: Record<string, string> = {
  CampaignService: 'space-controller',
  WarmupService: 'space-controller',
  SearchService: 'space-controller',
  DeadLetterService: 'space-controller',
  SuperNetworkService: 'evaluator',
  EvaluationService: 'evaluator',
  NasRunService: 'nas-runner',
  TrainingService: 'nas-runner',
  FlopsEstimatorService: 'flops-estimator',
  TrainerService: 'supernet-trainer',
};

/** Every service of the contracts: one that is added later is here by itself. */
const definitions = Object.entries(contracts)
  .filter(([name]) => name.endsWith('ServiceService'))
  .map(([name, definition]) => [name.replace(/Service$/, ''), definition as unknown as Definition] as const);

function clientOf<D extends Definition>(definition: D, service: string, options: ClientOptions): Client<D> {
  const owner = owners[service];
  assert.ok(owner, `nobody is known to serve ${service}: name its owner here`);
  const client = connect(definition, mesh.addresses[owner], { serverName: owner, ...options });
  clients.push(client);
  return client;
}

before(async () => {
  mesh = await startSecuredMesh({
    tenants: ['acme', 'umbrella'],
    quotas: { tenants: { guests: { campaigns: 0 } } },
  });
});

after(async () => {
  for (const client of clients) client.close();
  await mesh?.close();
});

test("a campaign of a tenant runs over mutual TLS, on NATS too, and all that it stores and says is the tenant's", async () => {
  const campaigns = clientOf(CampaignServiceService, 'CampaignService', {
    tls: mesh.tlsOf('client'),
    token: await mesh.tokenOf('acme'),
  });
  const spec = CampaignSpec.create({ dataset: 'cifar10', preset: 'tiny', targetsMultiplyAdds: [60_000] });
  await campaigns.createCampaign({ campaignId: 'mine', campaign: Campaign.create({ spec }), requestId: 'mine' });
  let last: Campaign | undefined;
  for await (const { campaign } of campaigns.watchCampaign({ name: 'campaigns/mine', afterChange: 0 })) last = campaign;
  assert.equal(last?.status?.state, JobState.SUCCEEDED, `${last?.status?.error?.message}`);
  names = ['campaigns/mine', ...(last?.phases ?? []).flatMap(({ jobs }) => jobs)];
  let report = '';
  for await (const { data } of campaigns.readArtifact({ name: 'campaigns/mine/report.html' })) report += data;
  assert.match(report, /<html/);

  for (const bucket of [ARTIFACTS, CHECKPOINTS]) {
    const objects = await (await openObjects(mesh.bus, bucket)).list();
    assert.ok(objects.length > 0);
    for (const { name } of objects) assert.match(name, /^(saved-states\/)?\w+\/acme=/, bucket);
  }
  const { state } = await mesh.bus.jsm.streams.info('NSS_EVENTS', { subjects_filter: '>' });
  const subjects = Object.keys(state.subjects ?? {});
  assert.ok(subjects.length >= 3 * names.length);
  for (const subject of subjects) assert.match(subject, /^nss\.v1\.tenants\.acme\./);
});

/** Methods of one job, by its name. */
const ofOne = /^(get|cancel|delete|watch|suspend|resume)/;

/** What a stranger gets from a call: an error, by its code, or all that came. */
async function answerTo(client: Client<Definition>, method: string, definition: Definition, fields: object = {}) {
  const call = client[method] as (request: object) => Promise<unknown> & AsyncIterable<unknown>;
  const request = { ...definition[method].requestDeserialize(Buffer.alloc(0)), ...fields };
  try {
    if (!definition[method].responseStream) return { answer: await call(request) };
    const answer: unknown[] = [];
    for await (const each of call(request)) answer.push(each);
    return { answer };
  } catch (error) {
    return { code: NssError.from(error).codeName };
  }
}

test('of every method of every service, none gives or changes anything of another tenant', async () => {
  const options = { tls: mesh.tlsOf('client'), token: await mesh.tokenOf('umbrella') };
  let tried = 0;
  for (const [service, definition] of definitions) {
    const client = clientOf(definition, service, options) as Client<Definition>;
    for (const [method, { requestStream, path }] of Object.entries(definition)) {
      tried++;
      if (service === 'TrainerService') {
        if (requestStream) {
          const session = (client as unknown as Client<typeof contracts.TrainerServiceService>).session();
          await session.send(SessionRequest.create({})).catch(() => undefined);
          await assert.rejects(
            session.responses.next(),
            (error) => NssError.from(error).reason === 'SERVICES_ONLY',
            path,
          );
        } else assert.equal((await answerTo(client, method, definition)).code, 'PERMISSION_DENIED', path);
      } else if (service === 'DeadLetterService') {
        assert.equal((await answerTo(client, method, definition)).code, 'PERMISSION_DENIED', path);
      } else if (service === 'FlopsEstimatorService') {
        // Formulas: there is nothing of anybody.
        assert.equal((await answerTo(client, method, definition)).code, 'INVALID_ARGUMENT', path);
      } else if (ofOne.test(method)) {
        const kind = method.replace(ofOne, '').toLowerCase();
        const found = names.filter((name) => name.split('/')[0].toLowerCase().startsWith(kind.slice(0, -1)));
        assert.ok(found.length > 0, `acme has nothing that ${path} could give`);
        for (const name of found) {
          assert.deepEqual(await answerTo(client, method, definition, { name, afterChange: 0 }), {
            code: 'NOT_FOUND',
          });
        }
      } else if (method === 'readArtifact') {
        for (const name of ['campaigns/mine/report.html', 'campaigns/acme=mine/report.html']) {
          const { code } = await answerTo(client, method, definition, { name });
          assert.ok(code === 'NOT_FOUND' || code === 'INVALID_ARGUMENT', `${path} ${name}: ${code}`);
        }
      } else if (method.startsWith('list')) {
        const { answer } = await answerTo(client, method, definition);
        const lists = Object.values(answer as object).filter((value) => Array.isArray(value));
        assert.deepEqual(lists, [[]], path);
      } else if (method.startsWith('create')) {
        // Without a spec: that names of other tenants do not matter is in the next test.
        assert.equal((await answerTo(client, method, definition)).code, 'INVALID_ARGUMENT', path);
      } else assert.fail(`${path} is new: say here what a stranger gets from it`);
    }
  }
  assert.ok(tried >= 47, `only ${tried} methods`);
  const mine = clientOf(CampaignServiceService, 'CampaignService', { ...options, token: await mesh.tokenOf('acme') });
  assert.equal((await mine.getCampaign({ name: 'campaigns/mine' })).status?.state, JobState.SUCCEEDED);
});

test('a tenant may take a name that another has, and cannot build on what another has trained', async () => {
  const options = { tls: mesh.tlsOf('client'), token: await mesh.tokenOf('umbrella') };
  const campaigns = clientOf(CampaignServiceService, 'CampaignService', options);
  const spec = CampaignSpec.create({ dataset: 'cifar10', preset: 'tiny', targetsMultiplyAdds: [60_000] });
  const request = { campaignId: 'mine', campaign: Campaign.create({ spec }), requestId: 'mine' };
  assert.equal((await campaigns.createCampaign(request)).status?.state, JobState.PENDING);
  await campaigns.cancelCampaign({ name: 'campaigns/mine' });
  for await (const _ of campaigns.watchCampaign({ name: 'campaigns/mine', afterChange: 0 }));
  await campaigns.deleteCampaign({ name: 'campaigns/mine' });

  const theirs = clientOf(contracts.SearchServiceService, 'SearchService', {
    ...options,
    token: await mesh.tokenOf('acme'),
  });
  const search = await theirs.getSearch({ name: names.find((name) => name.startsWith('searches/')) ?? '' });
  assert.ok(search.spec?.warmup);
  const searches = clientOf(contracts.SearchServiceService, 'SearchService', options);
  await searches.createSearch({ searchId: 'stolen', search, requestId: '' });
  let last: contracts.Search | undefined;
  for await (const change of searches.watchSearch({ name: 'searches/stolen', afterChange: 0 })) last = change.search;
  assert.equal(last?.status?.error?.code, 'NOT_FOUND');
});

test('nobody is served without a token', async () => {
  for (const [service, definition] of definitions) {
    const client = clientOf(definition, service, { tls: mesh.tlsOf('client') }) as Client<Definition>;
    for (const [method, { requestStream, path }] of Object.entries(definition)) {
      if (requestStream) continue;
      const { code } = await answerTo(client, method, definition);
      // The trainer of this test has no keys for tokens: it knows services only.
      assert.equal(code, service === 'TrainerService' ? 'PERMISSION_DENIED' : 'UNAUTHENTICATED', path);
    }
  }
});

test('a tenant that may have no campaign gets none', async () => {
  const options = { tls: mesh.tlsOf('client'), token: await mesh.tokenOf('guests') };
  const campaigns = clientOf(CampaignServiceService, 'CampaignService', options);
  const spec = CampaignSpec.create({ dataset: 'cifar10', preset: 'tiny', targetsMultiplyAdds: [60_000] });
  const request = { campaignId: 'mine', campaign: Campaign.create({ spec }), requestId: 'mine' };
  await assert.rejects(campaigns.createCampaign(request), (error) => NssError.from(error).reason === 'QUOTA_EXCEEDED');
});

test('an operator may look at what nobody could handle', async () => {
  const token = await mesh.tokenOf('acme', true);
  const letters = clientOf(contracts.DeadLetterServiceService, 'DeadLetterService', {
    tls: mesh.tlsOf('client'),
    token,
  });
  assert.deepEqual((await letters.listDeadLetters({ pageSize: 0, pageToken: '' })).deadLetters, []);
});

test('a user of NATS hears the events of its own tenant, and of no subject of another', async () => {
  const login = (user: string) =>
    connectBus({
      url: mesh.natsUrl,
      name: user,
      logger,
      user,
      password: passwordOf(user),
      tls: mesh.tlsOf('client'),
      patienceMs: 1,
    });
  // Users who may publish nothing cannot ask JetStream for anything either.
  await assert.rejects(login('umbrella'));
  const campaign = 'campaigns.mine.succeeded';
  const { connect: connectNats } = await import('@nats-io/transport-node');
  const { ca, certificate, key } = mesh.tlsOf('client');
  for (const [user, may] of [
    ['acme', true],
    ['umbrella', false],
  ] as const) {
    const nc = await connectNats({
      servers: mesh.natsUrl,
      user,
      pass: passwordOf(user),
      tls: { ca: String(ca), cert: String(certificate), key: String(key) },
      reconnect: false,
    });
    const heard: string[] = [];
    const refused: string[] = [];
    const subjects = [
      'nss.v1.tenants.acme.>',
      `nss.v1.tenants.acme.${campaign}`,
      ...(may
        ? []
        : [
            '>',
            'nss.>',
            'nss.v1.tenants.*.>',
            'nss.v1.jobs.>',
            'nss.v1.leases.requested',
            '$KV.>',
            '$O.>',
            '_INBOX.>',
          ]),
    ];
    for (const subject of subjects) {
      nc.subscribe(subject, {
        callback: (error, message) => {
          if (error) refused.push(subject);
          else heard.push(message.subject);
        },
      });
    }
    await nc.flush();
    mesh.bus.nc.publish(`nss.v1.tenants.acme.${campaign}`, 'x');
    await mesh.bus.nc.flush();
    await nc.flush();
    assert.equal(heard.length, may ? 2 : 0, user);
    assert.equal(refused.length, may ? 0 : subjects.length, user);
    await nc.close();
  }
});
