import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseCampaignFile } from '@nss/campaign';
import type { Context } from '../cli/context.ts';
import { type RunOptions, runCampaign } from './campaign.ts';

/**
 * `nss quickstart`: the bundled campaign, every phase. Each run is a campaign of its own (quickstart, quickstart-2, ...);
 * runs/quickstart always holds the newest report.
 */
export async function quickstart(options: RunOptions, context: Context): Promise<void> {
  const file = fileURLToPath(import.meta.resolve('@nss/campaign/campaigns/quickstart.yaml'));
  const read = parseCampaignFile(await readFile(file, 'utf8'), 'quickstart.yaml');
  const out = options.out ?? 'runs/quickstart';
  await runCampaign({ ...read, again: 'nss quickstart', out }, options, context);
}
