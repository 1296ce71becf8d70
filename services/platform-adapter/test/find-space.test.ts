import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Campaign, CampaignSpec, EliteSpace, fromNetworkSpace, JobState, JobStatus, Search } from '@nss/contracts';
import { alreadyExists, NssError, notFound, unavailable } from '@nss/rpc';
import { formatSpace, parseSpace } from '@nss/space';
import { findSpace, type Mesh } from '../src/find-space.ts';

const text = '1..1x1..4-2..2x5..8';
const space = fromNetworkSpace(parseSpace(text));
const status = (state: JobState, more: Partial<JobStatus> = {}) => JobStatus.create({ ...more, state });
const elite = (target: number, seed = 0) => EliteSpace.create({ targetMultiplyAdds: target, seed, space, text });
const running = status(JobState.RUNNING, {
  progress: { activity: 'searching', completed: 30, total: 90, unit: 'iterations', rate: 1, etaSeconds: 60 },
});
const campaignOf = (targets: number[], found: EliteSpace[], state = running) =>
  Campaign.create({
    name: 'campaigns/mine',
    spec: CampaignSpec.create({ targetsMultiplyAdds: targets }),
    status: state,
    eliteSpaces: found,
  });

const unused = () => assert.fail('not to be called');
const silent: Mesh = {
  campaigns: { createCampaign: unused, getCampaign: unused, watchCampaign: unused },
  searches: { getSearch: unused, watchSearch: unused },
};
const meshWith = (campaigns: Partial<Mesh['campaigns']>): Mesh => ({
  ...silent,
  campaigns: { ...silent.campaigns, ...campaigns },
});
const now = { signal: new AbortController().signal, wait: false };
const all = { targetMultiplyAdds: undefined, seed: undefined };
const mine = { kind: 'campaign', campaignId: 'mine', choice: all } as const;
const own = {
  kind: 'own-campaign',
  campaignId: 'mine',
  spec: CampaignSpec.create({ targetsMultiplyAdds: [2e6] }),
} as const;

const refusal = (reason: string, message: RegExp) => (error: unknown) =>
  error instanceof NssError && error.reason === reason && message.test(error.message);

test('the Elite Space of a running campaign is taken as soon as it is there', async () => {
  const mesh = meshWith({ getCampaign: async () => campaignOf([2e6, 4e6], [elite(4e6)]) });
  const choice = { targetMultiplyAdds: 4e6, seed: undefined };
  assert.equal(formatSpace(await findSpace({ ...mine, choice }, mesh, now)), text);
  const other = { targetMultiplyAdds: 2e6, seed: 0 };
  await assert.rejects(findSpace({ ...mine, choice: other }, mesh, now), refusal('SEARCH_RUNNING', /33 % done/));
});

test('a campaign with several Elite Spaces wants one to be chosen, however many are found', async () => {
  const mesh = meshWith({ getCampaign: async () => campaignOf([2e6, 4e6], [elite(4e6)]) });
  await assert.rejects(findSpace(mine, mesh, now), refusal('NO_ONE_SPACE', /2 MF \(seed 0\), 4 MF \(seed 0\)/));
  const choice = { targetMultiplyAdds: 8e6, seed: undefined };
  await assert.rejects(findSpace({ ...mine, choice }, mesh, now), refusal('NO_ONE_SPACE', /no such Elite Space/));
});

test('a campaign that ended without a space says why', async () => {
  const error = { code: 'INVALID_ARGUMENT', reason: 'TARGET_UNREACHABLE', message: 'the target is out of reach' };
  const mesh = meshWith({ getCampaign: async () => campaignOf([2e6], [], status(JobState.FAILED, { error })) });
  await assert.rejects(findSpace(own, mesh, now), refusal('SEARCH_ENDED', /the target is out of reach; delete it/));
});

test("an experiment's own campaign is started once, whoever else starts it", async () => {
  const created: unknown[] = [];
  let isThere = false;
  const mesh = meshWith({
    getCampaign: async ({ name }) => {
      if (!isThere) throw notFound(name);
      return campaignOf([2e6], []);
    },
    createCampaign: async (request) => {
      created.push(request.campaign?.spec?.targetsMultiplyAdds);
      isThere = true;
      throw alreadyExists('campaigns/mine');
    },
  });
  await assert.rejects(findSpace(own, mesh, now), refusal('SEARCH_RUNNING', /campaigns\/mine/));
  await assert.rejects(findSpace(own, mesh, now), refusal('SEARCH_RUNNING', /campaigns\/mine/));
  assert.deepEqual(created, [[2e6]]);
});

test('who waits gets the space with the change that brings it, also when the controller restarts meanwhile', async () => {
  let watches = 0;
  const searchOf = (found: boolean) =>
    Search.create({
      name: 'searches/mine',
      status: found ? status(JobState.SUCCEEDED) : running,
      result: found ? { eliteSpace: space } : undefined,
    });
  const mesh: Mesh = {
    ...silent,
    searches: {
      getSearch: async () => searchOf(false),
      async *watchSearch() {
        yield { change: 1, search: searchOf(false) };
        if (watches++ === 0) throw unavailable('the server is closing');
        yield { change: 2, search: searchOf(true) };
      },
    },
  };
  const found = await findSpace({ kind: 'search', searchId: 'mine' }, mesh, { ...now, wait: true, reconnectMs: 0 });
  assert.equal(formatSpace(found), text);
  assert.equal(watches, 2);
});
