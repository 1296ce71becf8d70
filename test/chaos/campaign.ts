import { setTimeout as delay } from 'node:timers/promises';
import { ARTIFACTS, type Bus, CHECKPOINTS, connectBus, listDeadLetters, openObjects } from '@nss/bus';
import { Campaign, CampaignServiceService, CampaignSpec } from '@nss/contracts';
import { type Client, connect, NssError, unavailable } from '@nss/rpc';
import { createLogger } from '@nss/runtime';
import type { ChaosMesh } from './mesh.ts';

const ID = 'chaos';
const NAME = `campaigns/${ID}`;
const RECONNECT_MS = 200;
const DRAINED_WITHIN_MS = 60_000;
const logger = createLogger('chaos', { level: 'silent' });

/** What a campaign leaves, without times and without who worked for it. */
export type Outcome = {
  /** State, and the error if there is one. */
  readonly end: string;
  /** Content of every file that it and its jobs left, by name. */
  readonly files: ReadonlyMap<string, string>;
  /** Weights that are left: the jobs that they belong to. */
  readonly weights: readonly string[];
  /** Messages that are left in work queues, and dead letters. */
  readonly messages: readonly string[];
};

/**
 * Runs the campaign to its end and deletes it.
 *
 * @param size 1 takes seconds
 * @param onEnd called when it has ended, before anybody looks at what it left
 */
export async function runCampaign(mesh: ChaosMesh, size: number, onEnd = async () => {}): Promise<Outcome> {
  const campaigns = connect(CampaignServiceService, mesh.addresses.spaceController);
  const epochs = (count: number) => ({ weights: { epochs: count * size } });
  const spec = CampaignSpec.create({
    dataset: 'cifar10',
    preset: 'tiny',
    targetsMultiplyAdds: [60_000, 150_000],
    overrides: { search: epochs(6), evaluation: epochs(6), nas: epochs(4), training: epochs(6) },
  });
  try {
    const request = { campaignId: ID, campaign: Campaign.create({ spec }), requestId: ID };
    await persist(() => campaigns.createCampaign(request));
    const campaign = await untilEnded(campaigns);
    await onEnd();
    const end = `${campaign.status?.state} ${campaign.status?.error?.message ?? ''}`.trim();
    const left = await leftBehind(mesh);
    // The next round begins with nothing.
    await persist(() => campaigns.deleteCampaign({ name: NAME })).catch((error) => {
      // An attempt whose answer was lost has deleted it.
      if (NssError.from(error).codeName !== 'NOT_FOUND') throw error;
    });
    return { end, ...left };
  } finally {
    campaigns.close();
  }
}

/** What differs, in words; empty when nothing does. */
export function differences(expected: Outcome, found: Outcome): string[] {
  const list: string[] = [];
  if (found.end !== expected.end) list.push(`ended as ${found.end} instead of ${expected.end}`);
  for (const file of new Set([...expected.files.keys(), ...found.files.keys()])) {
    if (expected.files.get(file) !== found.files.get(file)) list.push(`${file} differs`);
  }
  if (found.weights.join() !== expected.weights.join()) list.push(`weights left: ${found.weights.join(', ')}`);
  if (found.messages.length > 0) list.push(`messages left: ${found.messages.join(', ')}`);
  return list;
}

/** Everything may be away for a moment, and any answer lost. */
async function persist<T>(operation: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await operation();
    } catch (error) {
      if (!NssError.from(error).retryable) throw error;
    }
    await delay(RECONNECT_MS);
  }
}

async function untilEnded(campaigns: Client<typeof CampaignServiceService>): Promise<Campaign> {
  let seen = 0;
  return persist(async () => {
    let last: Campaign | undefined;
    for await (const { change, campaign } of campaigns.watchCampaign({ name: NAME, afterChange: seen })) {
      last = campaign;
      if (!campaign?.status?.endTime) seen = change;
    }
    if (!last?.status?.endTime) throw unavailable('the watch was cut off');
    return last;
  });
}

async function leftBehind({ natsUrl }: ChaosMesh): Promise<Omit<Outcome, 'end'>> {
  const bus = await connectBus({ url: natsUrl, name: 'chaos', logger });
  try {
    const artifacts = await openObjects(bus, ARTIFACTS);
    const files = new Map<string, string>();
    for (const { name } of await artifacts.list()) {
      const content = await artifacts.get(name);
      // The report is these files as a picture, with times in it.
      if (content && !name.endsWith('.html')) files.set(name, timeless(Buffer.from(content).toString('utf8')));
    }
    const weights = (await (await openObjects(bus, CHECKPOINTS)).list()).map(({ name }) =>
      name.split('/').slice(0, 2).join('/'),
    );
    const messages = [
      ...(await listDeadLetters(bus)).map(({ subject, reason }) => `${subject}: ${reason}`),
      ...(await undelivered(bus)),
    ];
    return { files, weights: weights.sort(), messages };
  } finally {
    await bus.close();
  }
}

/** JSON without times, durations and trainers; other texts as they are. */
function timeless(text: string): string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return text;
  }
  return JSON.stringify(value, (key, found) => (VARYING.test(key) ? undefined : found));
}

const VARYING = /time|seconds|hours|started|ended|created|trainer|engine|machine|commit/i;

/**
 * Messages that stay in work queues. A message whose worker died between its last two steps is delivered once more, to be
 * acknowledged then: that takes a lease.
 */
async function undelivered({ jsm }: Bus): Promise<string[]> {
  const deadline = performance.now() + DRAINED_WITHIN_MS;
  for (;;) {
    const left: string[] = [];
    for (const stream of ['NSS_JOBS', 'NSS_LEASES']) {
      const { state } = await jsm.streams.info(stream, { subjects_filter: '>' });
      left.push(...Object.keys(state.subjects ?? {}));
    }
    if (left.length === 0 || performance.now() > deadline) return left;
    await delay(RECONNECT_MS);
  }
}
