// A campaign from a program: created, followed, its report read; and what calls do that take too long or are not wanted any more.
//
//     node examples/typescript/campaign.ts HOST:PORT
//
// Prints one JSON object.
import { connectNss, followCampaign, hasEnded, NssError } from '@nss/client';
import { Campaign, CampaignSpec, JobState } from '@nss/contracts';

const [address] = process.argv.slice(2);
// Deadlines are for a whole call, its repetitions included: calls that found no server are repeated where that is safe.
const nss = connectNss(
  { address },
  { deadlineMs: 10_000, retry: { attempts: 5, initialBackoffMs: 100, maxBackoffMs: 2_000 } },
);

/** What is wrong with a request, by field: every error is an NssError with a code, a reason for programs, and the fields at fault. */
async function refusal(spec: CampaignSpec) {
  try {
    await nss.campaigns.createCampaign({ campaignId: 'refused', campaign: Campaign.create({ spec }), requestId: '' });
    return undefined;
  } catch (error) {
    if (!(error instanceof NssError)) throw error;
    return { code: error.codeName, reason: error.reason, fields: error.fieldViolations.map(({ field }) => field) };
  }
}

/** A campaign from its creation to its report. A request_id makes the creation safe to repeat, for this program as for the client. */
async function run(spec: CampaignSpec) {
  const campaign = Campaign.create({ spec });
  const { name } = await nss.campaigns.createCampaign({
    campaignId: 'from-typescript',
    campaign,
    requestId: 'from-typescript-1',
  });
  const states: JobState[] = [];
  // Goes on after the last change seen when a service restarts.
  for await (const { status } of followCampaign(nss, name))
    if (status?.state !== states.at(-1)) states.push(status?.state ?? JobState.UNRECOGNIZED);
  const { eliteSpaces, status } = await nss.campaigns.getCampaign({ name });
  const parts: Buffer[] = [];
  for await (const { data } of nss.campaigns.readArtifact({ name: `${name}/report.html` })) parts.push(data);
  const reportBytes = Buffer.concat(parts).length;
  return { name, states, ended: hasEnded(status), spaces: eliteSpaces.map(({ text }) => text), reportBytes };
}

/** What becomes of a watch that its caller gives up: the error of the AbortSignal; the campaign goes on, until it is cancelled. */
async function givenUp(spec: CampaignSpec) {
  const campaign = Campaign.create({ spec });
  const { name } = await nss.campaigns.createCampaign({ campaignId: 'given-up', campaign, requestId: 'given-up-1' });
  const interest = new AbortController();
  try {
    for await (const _ of followCampaign(nss, name, { signal: interest.signal })) interest.abort();
    return 'the campaign ended first';
  } catch (error) {
    await nss.campaigns.cancelCampaign({ name });
    return NssError.from(error).codeName;
  }
}

/** What becomes of a call that is given no time. */
async function tooLate() {
  try {
    await nss.campaigns.listCampaigns({ pageSize: 1, pageToken: '' }, { deadlineMs: 0 });
    return 'in time';
  } catch (error) {
    return NssError.from(error).codeName;
  }
}

const spec = CampaignSpec.create({
  dataset: 'cifar10',
  preset: 'tiny',
  targetsMultiplyAdds: [0.5e6],
  seeds: [5],
  phases: ['PHASE_SEARCH', 'PHASE_REPORT'],
});
try {
  const refused = await refusal({ ...spec, dataset: 'cifar11', targetsMultiplyAdds: [-1] });
  const given = {
    refused,
    tooLate: await tooLate(),
    givenUp: await givenUp({ ...spec, seeds: [6] }),
    run: await run(spec),
  };
  process.stdout.write(`${JSON.stringify(given)}\n`);
} finally {
  nss.close();
}
