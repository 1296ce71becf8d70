import { formatMultiplyAdds } from '@nss/space';
import type { ReportData } from './data.ts';
import { countOf, formatDuration, formatTime, listOf } from './format.ts';
import { html, rawHtml } from './html.ts';
import { evaluation } from './sections/evaluation.ts';
import { nas } from './sections/nas.ts';
import { runs } from './sections/runs.ts';
import { search } from './sections/search.ts';
import { settings } from './sections/settings.ts';
import { summary } from './sections/summary.ts';
import { styleSheet } from './style.ts';

/**
 * The campaign as one HTML page that needs nothing else: figures are inline SVG, the style sheet is inside, no script. It says
 * what is missing instead of leaving it out.
 */
export async function renderReport(data: ReportData): Promise<string> {
  const { campaign } = data;
  const title = `Network Space Search: ${campaign.id}`;
  const end = campaign.endTime;
  const duration = end ? formatDuration((end.getTime() - campaign.startTime.getTime()) / 1000) : undefined;
  return html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${rawHtml(styleSheet)}</style>
</head>
<body>
<header>
<h1>${title}</h1>
<p>Data set ${campaign.dataset} · preset ${campaign.preset} · ${listOf(
    [...campaign.targetsMultiplyAdds].sort((a, b) => a - b).map(formatMultiplyAdds),
  )} · ${countOf(campaign.seeds.length, 'seed')} (${campaign.seeds.join(', ')})</p>
<p>Started ${formatTime(campaign.startTime)}${duration ? `, took ${duration}` : ''} · version ${campaign.version}${
    campaign.commit ? ` (${campaign.commit.slice(0, 12)})` : ''
  }</p>
<nav><ol>
<li><a href="#summary">Summary</a></li>
<li><a href="#search">Elite Spaces</a></li>
<li><a href="#evaluation">Against the search space</a></li>
<li><a href="#nas">NAS and final training</a></li>
<li><a href="#runs">What ran where</a></li>
<li><a href="#settings">Settings</a></li>
</ol></nav>
</header>
<main>
${await summary(data)}
${await search(data)}
${await evaluation(data)}
${nas(data)}
${await runs(data)}
${settings(data)}
</main>
</body>
</html>
`.markup;
}
