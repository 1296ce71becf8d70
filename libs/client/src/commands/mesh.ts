import { Campaign, JobState } from '@nss/contracts';
import { doctor, launchMesh, type MeshStatus, meshStatus, stopMesh } from '@nss/launcher';
import { CommandError, type Context } from '../cli/context.ts';
import type { NssClient } from '../client.ts';
import { formatAge, formatBytes } from '../terminal/format.ts';
import { formatTable } from '../terminal/table.ts';
import { campaignTable, newestCampaigns } from './campaign.ts';
import { type MeshOptions, startProgress, stateDirOf, withRunningMesh } from './mesh-connection.ts';

type JsonOption = { readonly json?: boolean };

/** `nss up`: a mesh on this machine that outlives this command. */
export async function up(
  options: MeshOptions & JsonOption & { readonly trainers?: number; readonly threads?: number },
  context: Context,
): Promise<void> {
  const { terminal } = context;
  const stateDir = stateDirOf(options, context);
  const running = await meshStatus(stateDir);
  if (!running) {
    const progress = startProgress(terminal);
    await launchMesh({
      stateDir,
      trainers: options.trainers,
      threadsPerTrainer: options.threads,
      onProgress: progress.update,
    }).finally(progress.end);
  }
  const status = running ?? (await meshStatus(stateDir));
  if (!status) throw new CommandError('the mesh has stopped again', { hint: 'See why with: nss status' });
  if (options.json) {
    terminal.printJson(status);
    return;
  }
  if (running) terminal.note('The mesh is running already.');
  for (const line of processTable(status, context)) terminal.print(line);
  terminal.note('\nRun a campaign with: nss campaign run FILE\nStop the mesh with:  nss down');
}

/** `nss down`. */
export async function down(options: MeshOptions & JsonOption, context: Context): Promise<void> {
  const { terminal } = context;
  const stopped = await stopMesh(stateDirOf(options, context));
  if (options.json) terminal.printJson({ stopped });
  else terminal.print(stopped ? 'The mesh has stopped.' : 'No mesh is running.');
}

/** `nss status`: services, trainers and running campaigns. */
export async function status(options: MeshOptions & JsonOption, context: Context): Promise<void> {
  const { terminal, signal, env } = context;
  const elsewhere = options.address ?? env.NSS_ADDRESS;
  const mesh = elsewhere ? undefined : await meshStatus(stateDirOf(options, context));
  if (mesh && !mesh.mesh.ready) {
    if (options.json) terminal.printJson({ ...mesh, campaigns: [] });
    else for (const line of processTable(mesh, context)) terminal.print(line);
    terminal.note('\nThe mesh is still starting.');
    return;
  }
  const show = async (client: NssClient) => {
    const campaigns = (await newestCampaigns(client, 100, signal)).filter(isUnfinished);
    if (options.json) {
      terminal.printJson({
        ...mesh,
        address: client.address,
        campaigns: campaigns.map((each) => Campaign.toJSON(each)),
      });
      return;
    }
    if (mesh) for (const line of processTable(mesh, context)) terminal.print(line);
    else terminal.print(`The mesh at ${client.address} answers.`);
    terminal.print();
    if (campaigns.length === 0) terminal.print('No campaign is running.');
    else for (const line of campaignTable(campaigns, context)) terminal.print(line);
  };
  await withRunningMesh(options, context, show);
}

/** `nss doctor`: whether this machine has what a mesh needs, and with what it would compute. */
export async function examine(options: MeshOptions & JsonOption, context: Context): Promise<void> {
  const { terminal, env } = context;
  const lines = await doctor({ stateDir: stateDirOf(options, context), env });
  const failed = lines.filter((line) => line.status === 'fail');
  if (options.json) terminal.printJson(lines);
  else {
    const marks = {
      ok: terminal.style('green', '✓'),
      warn: terminal.style('yellow', '!'),
      fail: terminal.style('red', '✗'),
    };
    const width = Math.max(...lines.map(({ name }) => name.length));
    for (const line of lines) {
      terminal.print(`${marks[line.status]} ${line.name.padEnd(width)}  ${line.detail}`);
      if (line.remedy && line.status !== 'ok') {
        terminal.print(`  ${' '.repeat(width)}  ${terminal.style('dim', line.remedy)}`);
      }
    }
  }
  if (failed.length > 0) throw new CommandError(`not ready: ${failed.map(({ name }) => name).join(', ')}`);
}

const isUnfinished = ({ status }: Campaign) =>
  status?.state === JobState.PENDING || status?.state === JobState.RUNNING || status?.state === JobState.CANCELLING;

function processTable({ processes }: MeshStatus, { terminal }: Context): string[] {
  return formatTable(
    [
      { title: 'process' },
      { title: 'state' },
      { title: 'address' },
      { title: 'pid', align: 'right' },
      { title: 'memory', align: 'right' },
      { title: 'up', align: 'right' },
      { title: 'restarts', align: 'right' },
    ],
    processes.map(({ name, alive, serving, address, pid, memoryBytes, uptimeMs, restarts }) => [
      name,
      alive && serving !== false
        ? terminal.style('green', serving ? 'serving' : 'running')
        : terminal.style('red', alive ? 'not serving' : 'down'),
      address ?? '',
      String(pid),
      memoryBytes === undefined ? '' : formatBytes(memoryBytes),
      alive ? formatAge(uptimeMs / 1000) : '',
      String(restarts),
    ]),
  );
}
