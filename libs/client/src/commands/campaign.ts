import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import {
  type AskedImageFolder,
  askedImageFolder,
  type CampaignFile,
  parseCampaignFile,
  phaseName,
} from '@nss/campaign';
import { Campaign, CampaignSpec, type ImageFolder, JobState } from '@nss/contracts';
import { hasEnded } from '@nss/job-apis';
import { campaignName, isResourceId, NssError } from '@nss/rpc';
import { formatMultiplyAdds } from '@nss/space';
import { CommandError, type Context, Interrupted, UsageError } from '../cli/context.ts';
import type { NssClient } from '../client.ts';
import { followCampaign } from '../follow.ts';
import { formatAge, formatDuration } from '../terminal/format.ts';
import { formatTable } from '../terminal/table.ts';
import { downloadArtifacts } from './artifacts.ts';
import { showCampaign } from './campaign-progress.ts';
import {
  campaignSummary,
  datasetNameOf,
  durationOf,
  eliteSpaceTable,
  idOf,
  paintState,
  stateWord,
  tooDearLines,
} from './campaign-view.ts';
import { type MeshOptions, withMesh, withRunningMesh } from './mesh-connection.ts';

type JsonOption = { readonly json?: boolean };
export type RunOptions = MeshOptions & JsonOption & { readonly out?: string; readonly id?: string };

/** `nss campaign run FILE`: from the file to the report; starts a mesh for the run where none is running. */
export async function runCampaignFile(file: string, options: RunOptions, context: Context): Promise<void> {
  const read = await readCampaignFile(file, context);
  const campaignId = checkedId(options.id) ?? read.campaignId;
  const again = `nss campaign run ${file}`;
  await runCampaign({ ...read, campaignId, again, out: options.out }, options, context);
}

/** `nss campaign create FILE`: starts the campaign and leaves it to the mesh. */
export async function createCampaign(
  file: string,
  options: MeshOptions & JsonOption & { readonly id?: string; readonly dryRun?: boolean },
  context: Context,
): Promise<void> {
  const { terminal } = context;
  const read = await readCampaignFile(file, context);
  const campaignId = checkedId(options.id) ?? read.campaignId;
  if (options.dryRun) {
    if (options.json) terminal.printJson({ campaignId, spec: CampaignSpec.toJSON(read.spec), ...read.resolved });
    else for (const line of describeFile(campaignId, read)) terminal.print(line);
    return;
  }
  await withRunningMesh(options, context, async (client) => {
    const campaign = await client.campaigns
      .createCampaign(createRequest(campaignId, read.spec), { signal: context.signal })
      .catch((error) => {
        if (!isCode(error, 'ALREADY_EXISTS')) throw error;
        const hint = `See it with: nss campaign get ${campaignId}\nStart another one with: nss campaign create ${file} --id ${nextId(campaignId, 2)}`;
        throw new CommandError(`campaign ${campaignId} exists already`, { hint, cause: error });
      });
    if (options.json) terminal.printJson(Campaign.toJSON(campaign));
    else {
      terminal.print(`${campaign.name} created`);
      terminal.note(`Watch it with: nss campaign watch ${idOf(campaign.name)}`);
    }
  });
}

/** `nss campaign list`: newest first. */
export async function listCampaigns(
  options: MeshOptions & JsonOption & { readonly limit: number },
  context: Context,
): Promise<void> {
  await withRunningMesh(options, context, async (client) => {
    const campaigns = await newestCampaigns(client, options.limit, context.signal);
    const { terminal } = context;
    if (options.json) terminal.printJson(campaigns.map((campaign) => Campaign.toJSON(campaign)));
    else if (campaigns.length === 0) terminal.note('There is no campaign yet. Start one with: nss campaign run FILE');
    else for (const line of campaignTable(campaigns, context)) terminal.print(line);
  });
}

/** `nss campaign get ID`. */
export async function getCampaign(id: string, options: MeshOptions & JsonOption, context: Context): Promise<void> {
  const name = nameOf(id);
  await withRunningMesh(options, context, async (client) => {
    const campaign = await client.campaigns.getCampaign({ name }, { signal: context.signal });
    const { terminal } = context;
    if (options.json) {
      terminal.printJson(Campaign.toJSON(campaign));
      return;
    }
    for (const line of campaignSummary(campaign, terminal.style, new Date())) terminal.print(line);
    if (!hasEnded(campaign.status)) terminal.note(`\nWatch it with: nss campaign watch ${idOf(campaign.name)}`);
    else if (campaign.artifacts.length > 0) {
      terminal.note(`\nFetch its report with: nss campaign report ${idOf(campaign.name)}`);
    }
  });
}

/** `nss campaign watch ID`: to the end; with --json a line a change. */
export async function watchCampaign(id: string, options: MeshOptions & JsonOption, context: Context): Promise<void> {
  const { terminal, signal } = context;
  const name = nameOf(id);
  await withRunningMesh(options, context, async (client) => {
    let campaign: Campaign | undefined;
    if (options.json) {
      for await (campaign of followCampaign(client, name, { signal })) {
        terminal.print(JSON.stringify(Campaign.toJSON(campaign)));
      }
    } else {
      campaign = await interruptible(
        context,
        `The campaign goes on. Watch it again with: nss campaign watch ${idOf(name)}`,
        () => showCampaign(client, name, terminal, { signal }),
      );
      printEnd(campaign, context);
      if (campaign.artifacts.length > 0) terminal.note(`Fetch its report with: nss campaign report ${idOf(name)}`);
    }
    if (campaign) throwUnlessSucceeded(campaign);
  });
}

/** `nss campaign cancel ID`. */
export async function cancelCampaign(id: string, options: MeshOptions & JsonOption, context: Context): Promise<void> {
  await changeCampaign(id, options, context, ({ campaigns }, name) =>
    campaigns.cancelCampaign({ name }, { signal: context.signal }),
  );
}

/** `nss campaign suspend ID`. */
export async function suspendCampaign(id: string, options: MeshOptions & JsonOption, context: Context): Promise<void> {
  await changeCampaign(id, options, context, ({ campaigns }, name) =>
    campaigns.suspendCampaign({ name }, { signal: context.signal }),
  );
}

/** `nss campaign resume ID`: on where it stopped, with another budget where one is given. */
export async function resumeCampaign(
  id: string,
  options: MeshOptions & JsonOption & { readonly maxWallClockHours?: number; readonly maxTrainerHours?: number },
  context: Context,
): Promise<void> {
  const { maxWallClockHours = 0, maxTrainerHours = 0 } = options;
  const budget = maxWallClockHours || maxTrainerHours ? { maxWallClockHours, maxTrainerHours } : undefined;
  await changeCampaign(id, options, context, ({ campaigns }, name) =>
    campaigns.resumeCampaign({ name, budget }, { signal: context.signal }),
  );
}

/** `nss campaign report ID`: its report and tables into a folder. */
export async function fetchReport(
  id: string,
  options: MeshOptions & JsonOption & { readonly out?: string },
  context: Context,
): Promise<void> {
  const name = nameOf(id);
  await withRunningMesh(options, context, async (client) => {
    const { signal, terminal } = context;
    const campaign = await client.campaigns.getCampaign({ name }, { signal });
    if (campaign.artifacts.length === 0) {
      const state = stateWord(campaign.status?.state);
      const hint = hasEnded(campaign.status) ? undefined : `Watch it with: nss campaign watch ${idOf(campaign.name)}`;
      throw new CommandError(`campaign ${idOf(campaign.name)} (${state}) has no report`, { hint });
    }
    const folder = outFolder(idOf(campaign.name), options.out, context);
    const files = await downloadArtifacts(client, campaign, folder, signal);
    const paths = files.map((file) => relative(context.cwd, join(folder, file)));
    if (options.json) terminal.printJson({ campaign: campaign.name, folder: relative(context.cwd, folder), files });
    else for (const path of paths) terminal.print(path);
  });
}

/** Asks something of a campaign, and says in which state it is then. */
async function changeCampaign(
  id: string,
  options: MeshOptions & JsonOption,
  context: Context,
  change: (client: NssClient, name: string) => Promise<Campaign>,
): Promise<void> {
  const name = nameOf(id);
  await withRunningMesh(options, context, async (client) => {
    const campaign = await change(client, name);
    if (options.json) context.terminal.printJson(Campaign.toJSON(campaign));
    else context.terminal.print(`${campaign.name} ${stateWord(campaign.status?.state)}`);
  });
}

/** A campaign to run from its creation to its report. */
export type CampaignRun = CampaignFile & {
  /** Command that goes on after an interruption. */
  readonly again: string;
  /** Folder for the report; runs/<id> of the campaign as created unless told. */
  readonly out?: string;
};

/** Creates a campaign, or joins the one of this id that is running already, and sees it through to its report. */
export async function runCampaign(
  run: CampaignRun,
  options: MeshOptions & JsonOption,
  context: Context,
): Promise<void> {
  const { terminal, signal } = context;
  await withMesh(options, { datasets: [run.resolved.settings.dataset] }, context, async (client, mesh) => {
    const { campaign: started, joined } = await createOrJoin(client, run.campaignId, run.spec, signal);
    const id = idOf(started.name);
    if (joined) terminal.note(`Campaign ${id} is running already: joining it.`);
    else if (id !== run.campaignId) terminal.note(`Campaign ${run.campaignId} exists already: this one is ${id}.`);
    const goOn = mesh.embedded
      ? `Nothing is lost. Go on with: ${run.again}\nOr in the background: nss up, then nss campaign watch ${id}`
      : `The campaign goes on. Watch it with: nss campaign watch ${id}`;
    const ended = await interruptible(context, goOn, () => showCampaign(client, started.name, terminal, { signal }));
    const folder = outFolder(id, run.out, context);
    const files = await downloadArtifacts(client, ended, folder, signal);
    const shown = relative(context.cwd, folder) || '.';
    if (options.json) {
      terminal.printJson({ campaign: Campaign.toJSON(ended), folder: shown, files });
    } else {
      printEnd(ended, context);
      if (files.includes('report.html'))
        terminal.print(`\nReport: ${terminal.style('bold', join(shown, 'report.html'))}`);
      const others = files.filter((file) => file !== 'report.html');
      if (others.length > 0) terminal.print(`Also in ${shown}${'/'}: ${others.join(', ')}`);
    }
    throwUnlessSucceeded(ended);
  });
}

/**
 * A campaign of this id, or of the next free one (`id-2`, `id-3`, ...) when it is taken by a campaign that has ended or does
 * something else: running the same file again must not fail.
 */
async function createOrJoin(
  client: NssClient,
  campaignId: string,
  spec: CampaignSpec,
  signal: AbortSignal,
): Promise<{ campaign: Campaign; joined: boolean }> {
  for (let i = 1; ; i++) {
    const id = i === 1 ? campaignId : nextId(campaignId, i);
    try {
      return { campaign: await client.campaigns.createCampaign(createRequest(id, spec), { signal }), joined: false };
    } catch (error) {
      if (!isCode(error, 'ALREADY_EXISTS')) throw error;
    }
    const campaign = await client.campaigns.getCampaign({ name: campaignName(id) }, { signal });
    const same = campaign.spec && isDeepStrictEqual(CampaignSpec.toJSON(campaign.spec), CampaignSpec.toJSON(spec));
    if (same && !hasEnded(campaign.status)) return { campaign, joined: true };
  }
}

function createRequest(campaignId: string, spec: CampaignSpec) {
  return { campaignId, campaign: Campaign.create({ spec }), requestId: randomUUID() };
}

/** The newest campaigns, all pages. */
export async function newestCampaigns(client: NssClient, limit: number, signal: AbortSignal): Promise<Campaign[]> {
  const campaigns: Campaign[] = [];
  let pageToken = '';
  do {
    const pageSize = Math.min(1000, limit - campaigns.length);
    const page = await client.campaigns.listCampaigns({ pageSize, pageToken }, { signal });
    campaigns.push(...page.campaigns);
    pageToken = page.nextPageToken;
  } while (pageToken && campaigns.length < limit);
  return campaigns;
}

/** Campaigns as a table. */
export function campaignTable(campaigns: readonly Campaign[], { terminal }: Context, now = new Date()): string[] {
  return formatTable(
    [
      { title: 'campaign' },
      { title: 'state' },
      { title: 'phase' },
      { title: 'data set' },
      { title: 'preset' },
      { title: 'targets' },
      { title: 'took', align: 'right' },
      { title: 'age', align: 'right' },
    ],
    campaigns.map((campaign) => {
      const seconds = durationOf(campaign, now);
      return [
        idOf(campaign.name),
        paintState(campaign.status?.state, terminal.style),
        currentPhases(campaign),
        campaign.spec ? datasetNameOf(campaign.spec) : '',
        campaign.spec?.preset ?? '',
        campaign.spec?.targetsMultiplyAdds.map(formatMultiplyAdds).join(', ') ?? '',
        seconds === undefined ? '' : formatDuration(seconds),
        campaign.status?.createTime ? formatAge((now.getTime() - campaign.status.createTime.getTime()) / 1000) : '',
      ];
    }),
  );
}

/** `search 62 %, nas 3 %`: what runs now. */
function currentPhases({ phases }: Campaign): string {
  return phases
    .filter(({ state }) => state === JobState.RUNNING)
    .map(({ phase, completed }) => `${phaseName(phase) ?? phase} ${Math.floor(completed * 100)} %`)
    .join(', ');
}

/** What a file comes to, for --dry-run. */
function describeFile(campaignId: string, { spec, resolved }: CampaignFile): string[] {
  return [
    `Campaign ${campaignId}: nothing is wrong with it.`,
    `Data set ${datasetNameOf(spec)}, preset ${spec.preset}`,
    `Targets  ${resolved.targets.map(formatMultiplyAdds).join(', ')}`,
    `Seeds    ${resolved.seeds.join(', ')}`,
    `Phases   ${resolved.phases.map((phase) => phaseName(phase)).join(', ')}`,
  ];
}

/** Reads a campaign file, and what is in the image folder that it names. Throws UsageError and CampaignFileError. */
export async function readCampaignFile(file: string, context: Context): Promise<CampaignFile> {
  const text =
    file === '-'
      ? await context.readStdin()
      : await readFile(resolve(context.cwd, file), 'utf8').catch((error: NodeJS.ErrnoException) => {
          const what = error.code === 'ENOENT' ? 'there is no such file' : error.message;
          throw new UsageError(`cannot read campaign file ${file}: ${what}`, { cause: error });
        });
  const asked = askedImageFolder(text);
  const from = file === '-' ? context.cwd : dirname(resolve(context.cwd, file));
  const folder = asked && (await lookThrough({ ...asked, path: resolve(from, asked.path) }, file));
  return parseCampaignFile(text, file === '-' ? 'stdin' : file, folder);
}

/** What is in the image folder that a campaign file names. */
async function lookThrough({ path, split }: AskedImageFolder, file: string): Promise<ImageFolder> {
  const { DatasetError, scanImageFolder } = await import('@nss/datasets');
  try {
    const found = await scanImageFolder(path, split);
    return { ...found, classNames: [...found.classNames] };
  } catch (error) {
    if (!(error instanceof DatasetError)) throw error;
    throw new UsageError(`${file}: dataset: ${error.message}`, { cause: error });
  }
}

function printEnd(campaign: Campaign, { terminal }: Context): void {
  const seconds = durationOf(campaign, new Date());
  const took = seconds === undefined ? '' : ` after ${formatDuration(seconds)}`;
  terminal.print(`\nCampaign ${idOf(campaign.name)} ${paintState(campaign.status?.state, terminal.style)}${took}.`);
  const table = eliteSpaceTable(campaign);
  if (table.length > 0) terminal.print();
  for (const line of table) terminal.print(line);
  for (const line of tooDearLines(campaign)) terminal.note(line);
}

function throwUnlessSucceeded(campaign: Campaign): void {
  const { status } = campaign;
  if (status?.state === JobState.SUCCEEDED) return;
  const error = status?.error ? `: ${status.error.message} (${status.error.reason})` : '';
  throw new CommandError(`campaign ${idOf(campaign.name)} ${stateWord(status?.state)}${error}`);
}

/** Turns the end of `work` by Ctrl-C into one that says how to go on. */
async function interruptible<T>({ signal }: Context, hint: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (signal.aborted) throw new Interrupted(hint);
    throw error;
  }
}

const outFolder = (id: string, out: string | undefined, { cwd }: Context) => resolve(cwd, out ?? join('runs', id));

/** The resource name of `ID` or `campaigns/ID`. Throws UsageError. */
function nameOf(text: string): string {
  const id = text.startsWith('campaigns/') ? text.slice('campaigns/'.length) : text;
  return campaignName(checkedId(id) ?? id);
}

function checkedId<Id extends string | undefined>(id: Id): Id {
  if (id === undefined || isResourceId(id)) return id;
  const expected =
    '1 to 63 lower-case letters, digits and hyphens, starting with a letter and not ending with a hyphen';
  throw new UsageError(`"${id}" is no campaign id; expected ${expected}`);
}

const nextId = (id: string, i: number) => `${id.slice(0, 58).replace(/-+$/, '')}-${i}`;

const isCode = (error: unknown, code: string) => NssError.from(error).codeName === code;
