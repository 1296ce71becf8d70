import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { datasetFacts } from '@nss/campaign';
import {
  type Campaign,
  type CheckedDatasetSpec,
  FOLDER,
  JobState,
  Phase,
  type Training,
  toDatasetSpec,
} from '@nss/contracts';
import { datasetInfo, folderRecords } from '@nss/datasets';
import {
  exportNetwork,
  type ModelCardFacts,
  modelCard,
  type NetworkFormat,
  networkFormatNames,
  readTrainedNetwork,
} from '@nss/exports';
import { isResourceId, parseArtifactName } from '@nss/rpc';
import { type Architecture, formatArchitecture } from '@nss/space';
import { CommandError, type Context, UsageError } from '../cli/context.ts';
import type { NssClient } from '../client.ts';
import { readArtifact } from './artifacts.ts';
import { idOf, stateWord } from './campaign-view.ts';
import { eliteSpaceOf } from './elite-space.ts';
import { type MeshOptions, withRunningMesh } from './mesh-connection.ts';

type Options = MeshOptions & {
  readonly format: readonly string[];
  readonly target?: string;
  readonly seed?: number;
  readonly repeat: number;
  readonly out?: string;
  readonly json?: boolean;
};

/** A training, and the search that found its network where that is known. */
type Found = { readonly training: Training; readonly search?: ModelCardFacts['search']; readonly trainedBy?: string };

/** `nss network export NAME`: a trained network in the forms of other tools, with its model card. */
export async function exportNetworkFiles(name: string, options: Options, context: Context): Promise<void> {
  const formats = options.format.map(toFormat);
  const { terminal, cwd, signal } = context;
  const [collection, id] = name.split('/');
  if (!['campaigns', 'trainings'].includes(collection) || !isResourceId(id ?? '')) {
    throw new UsageError(`"${name}" names no training; expected trainings/ID or campaigns/ID`);
  }
  await withRunningMesh(options, context, async (client) => {
    const found =
      collection === 'campaigns'
        ? await trainingOfCampaign(client, name, options, signal)
        : { training: await client.trainings.getTraining({ name }, { signal }) };
    const network = readTrainedNetwork(await readNetwork(client, found.training, signal));
    const facts = await cardFacts(found);
    const metadata = metadataOf(facts);
    const files = formats.flatMap((format) => exportNetwork(network, format, metadata));
    files.push({ name: 'model-card.md', content: modelCard(network, facts, files) });
    const folder = resolve(cwd, options.out ?? join('networks', idOf(found.training.name)));
    for (const { name: file, content } of files) {
      await mkdir(dirname(join(folder, file)), { recursive: true });
      await writeFile(join(folder, file), content);
    }
    const paths = files.map(({ name: file }) => relative(cwd, join(folder, file)) || file);
    if (options.json) terminal.printJson({ ...metadata, files: paths });
    else for (const path of paths) terminal.print(path);
  });
}

function toFormat(name: string): NetworkFormat {
  const format = networkFormatNames.find((known) => known === name);
  if (!format) throw new UsageError(`there is no format "${name}"; use ${networkFormatNames.join(', ')}`);
  return format;
}

/** The training of the network that was found in a campaign's Elite Space; `repeat` tells which of several. */
async function trainingOfCampaign(
  client: NssClient,
  name: string,
  options: Options,
  signal: AbortSignal,
): Promise<Found> {
  const campaign = await client.campaigns.getCampaign({ name }, { signal });
  const { elite } = eliteSpaceOf(campaign, options);
  const { targetMultiplyAdds, seed } = elite;
  const nasRuns = await Promise.all(
    jobsOf(campaign, Phase.NAS).map((job) => client.nasRuns.getNasRun({ name: job }, { signal })),
  );
  const nasRun = nasRuns.find(
    ({ spec }) => spec?.space && spec.targetMultiplyAdds === targetMultiplyAdds && spec.seed === seed,
  );
  const architecture = nasRun?.result?.architectureText;
  if (!architecture) {
    throw new CommandError(`${name} has found no network in the Elite Space yet`, {
      hint: `See how far it is with: nss campaign get ${idOf(name)}`,
    });
  }
  const repeats = campaign.settings?.training?.repeats ?? 1;
  const wanted = seed * repeats + options.repeat;
  if (options.repeat >= repeats) {
    throw new UsageError(`${name} trains each network ${repeats} times: --repeat is 0 to ${repeats - 1}`);
  }
  const trainings = await Promise.all(
    jobsOf(campaign, Phase.TRAINING).map((job) => client.trainings.getTraining({ name: job }, { signal })),
  );
  const training = trainings.find(
    ({ spec }) =>
      spec?.seed === wanted &&
      spec.architecture &&
      formatArchitecture(spec.architecture as Architecture) === architecture,
  );
  if (!training) throw new CommandError(`${name} has not trained ${architecture} yet`);
  const search = { campaign: name, eliteSpace: elite.text, targetMultiplyAdds, seed };
  return { training, search, trainedBy: await softwareOf(client, campaign, signal) };
}

const jobsOf = (campaign: Campaign, phase: Phase): string[] =>
  campaign.phases.find((each) => each.phase === phase)?.jobs ?? [];

/** Version and commit that a campaign ran with, as its report says. */
async function softwareOf(
  client: NssClient,
  { artifacts }: Campaign,
  signal: AbortSignal,
): Promise<string | undefined> {
  const name = artifacts.find((artifact) => parseArtifactName(artifact).file === 'campaign.json');
  if (!name) return undefined;
  const { campaign } = JSON.parse((await readArtifact(client, name, signal)).toString()) as {
    campaign: { version: string; commit?: string };
  };
  return describeSoftware(campaign.version, campaign.commit);
}

const describeSoftware = (version: string, commit: string | undefined) =>
  `NSS ${version}${commit ? `, commit ${commit}` : ''}`;

async function readNetwork(client: NssClient, training: Training, signal: AbortSignal): Promise<Uint8Array> {
  const { name, status, result } = training;
  if (status?.state !== JobState.SUCCEEDED || !result) {
    throw new CommandError(`${name} (${stateWord(status?.state)}) has left no network`);
  }
  if (!result.networkArtifact) {
    throw new CommandError(`${name} was trained by a version of NSS that left no network to export; train it again`);
  }
  return readArtifact(client, result.networkArtifact, signal);
}

async function cardFacts({ training, search, trainedBy }: Found): Promise<ModelCardFacts> {
  const { spec, status, result } = training;
  const dataset = toDatasetSpec(spec?.dataset, 'spec.dataset', []);
  if (!spec?.settings?.weights || !result || !dataset) throw new CommandError(`${training.name} came incomplete`);
  const all = datasetFacts(dataset);
  const { checkoutCommit, checkoutManifest } = await import('@nss/launcher');
  return {
    training: training.name,
    dataset: {
      ...describeImages(dataset),
      imageSize: dataset.imageSize,
      trainImages: dataset.trainImages || all.trainImages,
      testImages: dataset.testImages || all.testImages,
    },
    testErrorPercent: result.testErrorPercent,
    testLoss: result.testLoss,
    multiplyAdds: result.multiplyAdds,
    parameters: result.parameters,
    trainingSeed: spec.seed,
    epochs: spec.settings.weights.epochs,
    engines: [...new Set(status?.trainerUses.map(({ engine }) => engine))],
    endTime: status?.endTime,
    search,
    trainedBy,
    exportedBy: describeSoftware(checkoutManifest().version, checkoutCommit()),
  };
}

/** What the images are and how they become what the network takes. */
function describeImages({ name, folder, imageSize }: CheckedDatasetSpec) {
  const halved = imageSize === 16 ? ', then the mean over 2x2 pixels' : '';
  if (name === FOLDER) {
    const { imageSide: side } = folderRecords(imageSize);
    const preparation = `upright, on white where transparent, the square in their middle brought to ${side}x${side} pixels${halved}`;
    return { title: `images of ${folder?.path}`, preparation };
  }
  const { title, licence, citation, imageSide, channels } = datasetInfo(name);
  const padded =
    imageSide < 32 ? `${imageSide}x${imageSide} pixels in the middle of a black frame of 32x32` : 'as published';
  const grey = channels === 1 ? ', grey as three equal colours' : '';
  return { title, licence, citation, preparation: `${padded}${grey}${halved}` };
}

/** What is kept inside the files of the network. */
function metadataOf({ training, dataset, testErrorPercent, multiplyAdds, search }: ModelCardFacts) {
  return {
    training,
    dataset: dataset.title,
    testErrorPercent: String(testErrorPercent),
    multiplyAdds: String(multiplyAdds),
    ...(search && { campaign: search.campaign, eliteSpace: search.eliteSpace }),
  };
}
