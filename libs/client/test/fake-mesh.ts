import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { resolveSettings } from '@nss/campaign';
import {
  Campaign,
  CampaignServiceService,
  type CampaignSpec,
  EliteSpace,
  fromNetworkSpace,
  JobState,
  Phase,
  type PhaseStatus,
} from '@nss/contracts';
import {
  alreadyExists,
  artifactName,
  campaignName,
  invalidArgument,
  notFound,
  service,
  startServer,
  unavailable,
} from '@nss/rpc';
import { createLogger } from '@nss/runtime';
import { parseSpace } from '@nss/space';

/** A CampaignService on a real gRPC server that computes nothing: what becomes of a campaign is told by its seeds. */
export type FakeMesh = {
  readonly address: string;
  /** The `after_change` of every watch, in order. */
  readonly watchedAfter: number[];
  /** Breaks the next watch after its first message. */
  breakNextWatch(): void;
};

/** Seeds that decide how a campaign goes; every other one succeeds at once. */
export const seedOf = { runsForever: 1001, fails: 1002 };

/** The id of a campaign that the fake refuses, and what for. */
export const refusedId = 'refused';
const refusal = [
  { field: 'campaign.spec.dataset', description: 'expected something else' },
  { field: 'campaign.spec.seeds[0]', description: 'expected another one' },
];

export async function startFakeMesh(t: TestContext): Promise<FakeMesh> {
  const campaigns = new Map<string, Campaign[]>();
  const watchedAfter: number[] = [];
  const changes = new EventTarget();
  let breakNext = false;

  const historyOf = (name: string) => {
    const history = campaigns.get(name);
    if (!history) throw notFound(name);
    return history;
  };
  const last = (name: string) => historyOf(name).at(-1) as Campaign;

  const server = await startServer({
    listen: '127.0.0.1:0',
    logger: createLogger('fake', { level: 'silent' }),
    services: [
      service(CampaignServiceService, {
        async createCampaign({ campaignId, campaign }) {
          const name = campaignName(campaignId);
          if (campaigns.has(name)) throw alreadyExists(name);
          if (campaignId === refusedId) throw invalidArgument(refusal);
          campaigns.set(name, historyFor(name, campaign?.spec as CampaignSpec));
          return campaigns.get(name)?.[0] as Campaign;
        },
        async getCampaign({ name }) {
          return last(name);
        },
        async listCampaigns({ pageSize, pageToken }) {
          const all = [...campaigns.keys()].reverse().map(last);
          const from = Number(pageToken);
          // Small pages, so that a client that reads one page only is found out.
          const to = from + Math.min(2, pageSize);
          return { campaigns: all.slice(from, to), nextPageToken: to < all.length ? String(to) : '' };
        },
        async suspendCampaign({ name }) {
          return last(name);
        },
        async resumeCampaign({ name, budget }) {
          const campaign = last(name);
          return { ...campaign, spec: campaign.spec && { ...campaign.spec, budget } };
        },
        async cancelCampaign({ name }) {
          const history = historyOf(name);
          const campaign = last(name);
          if (campaign.status?.state === JobState.RUNNING) {
            history.push(withState(campaign, JobState.CANCELLED));
            changes.dispatchEvent(new Event('change'));
          }
          return last(name);
        },
        async deleteCampaign({ name }) {
          campaigns.delete(name);
          return {};
        },
        async *watchCampaign({ name, afterChange }, { signal }) {
          watchedAfter.push(afterChange);
          const history = historyOf(name);
          for (let change = afterChange + 1; ; change++) {
            while (change > history.length) {
              if (last(name).status?.endTime) return;
              await once(changes, 'change', { signal });
            }
            yield { change, campaign: history[change - 1] };
            if (breakNext) {
              breakNext = false;
              throw unavailable('the fake breaks the watch');
            }
          }
        },
        async *readArtifact({ name }) {
          for (const part of ['content ', 'of ', name]) yield { data: Buffer.from(part) };
        },
      }),
    ],
  });
  t.after(() => server.close(0));
  const breakNextWatch = () => {
    breakNext = true;
  };
  return { address: server.address, watchedAfter, breakNextWatch };
}

function historyFor(name: string, spec: CampaignSpec): Campaign[] {
  const createTime = new Date('2026-01-01T10:00:00Z');
  const at = (
    state: JobState,
    phases: PhaseStatus[],
    more: Pick<Partial<Campaign>, 'settings' | 'eliteSpaces' | 'artifacts'> = {},
  ) =>
    withState(Campaign.create({ name, spec, phases, ...more, status: { createTime, startTime: createTime } }), state);
  const phase = (kind: Phase, state: JobState, completed: number): PhaseStatus => {
    const jobs = spec.targetsMultiplyAdds.map((_, i) => `searches/s${i}`);
    const jobsSucceeded = state === JobState.SUCCEEDED ? jobs.length : 0;
    return { phase: kind, state, jobs, jobsSucceeded, completed, etaSeconds: state === JobState.RUNNING ? 80 : -1 };
  };
  const beginning = [
    at(JobState.PENDING, []),
    at(JobState.RUNNING, [phase(Phase.SEARCH, JobState.RUNNING, 0.25), phase(Phase.REPORT, JobState.PENDING, 0)]),
  ];
  if (spec.seeds.includes(seedOf.runsForever)) return beginning;
  if (spec.seeds.includes(seedOf.fails)) {
    const failed = at(JobState.FAILED, [phase(Phase.SEARCH, JobState.FAILED, 0.25)]);
    const error = {
      code: 'RESOURCE_EXHAUSTED',
      reason: 'BUDGET_EXHAUSTED',
      message: 'the budget of 1 trainer hour is used up',
    };
    return [...beginning, Campaign.create({ ...failed, status: { ...failed.status, error } })];
  }
  const eliteSpaces = spec.targetsMultiplyAdds.map((target) =>
    EliteSpace.create({
      targetMultiplyAdds: target,
      text: eliteText,
      space: fromNetworkSpace(parseSpace(eliteText)),
      certificate: { meanMultiplyAdds: target * 1.01, deviation: 0.01, shareWithin10Percent: 0.5 },
    }),
  );
  const id = name.slice('campaigns/'.length);
  const artifacts = ['report.html', 'table.csv'].map((file) => artifactName('campaigns', id, file));
  const done = [phase(Phase.SEARCH, JobState.SUCCEEDED, 1), phase(Phase.REPORT, JobState.SUCCEEDED, 1)];
  const resolved = resolveSettings(spec);
  const settings = 'settings' in resolved ? resolved.settings : undefined;
  return [...beginning, at(JobState.SUCCEEDED, done, { settings, eliteSpaces, artifacts })];
}

/** Every Elite Space of the fake. */
export const eliteText = '1..1x13..16-2..2x21..24-4..4x33..36';

function withState(campaign: Campaign, state: JobState): Campaign {
  const ended = state !== JobState.PENDING && state !== JobState.RUNNING;
  const endTime = ended ? new Date('2026-01-01T10:04:12Z') : undefined;
  return Campaign.create({ ...campaign, status: { ...campaign.status, state, endTime } });
}
