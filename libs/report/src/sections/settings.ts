import { formatSpace, wholeSpace } from '@nss/space';
import { campaignFile } from '../campaign-file.ts';
import type { JsonObject, JsonValue, ReportData } from '../data.ts';
import { type Html, html } from '../html.ts';
import { table } from '../table.ts';

/** Every setting, and how to run the campaign again. */
export function settings(data: ReportData): Html {
  const { campaign } = data;
  const overridden = new Set(flatten(campaign.overrides ?? {}).map(([path]) => path));
  const changes = overridden.size > 0 ? ' Settings in bold replace those of the preset.' : '';
  return html`<section id="settings">
<h2>Settings, and how to run this again</h2>
<p>Save the following as <code>campaign.yaml</code> and run <code>npx nss campaign run campaign.yaml</code> in a checkout of version ${campaign.version}${
    campaign.commit ? html`, commit <code>${campaign.commit}</code>` : undefined
  }. Draws depend on seed and iteration alone; results agree up to the floating-point arithmetic of the engine.</p>
<pre>${campaignFile(campaign)}</pre>
<details><summary>All settings</summary>
${table(
  `Every setting of the campaign, preset ${campaign.preset}.${changes} Search space: ${formatSpace(wholeSpace(campaign.searchSpace))}.`,
  [{ title: 'Setting' }, { title: 'Value' }],
  flatten(campaign.settings).map(([path, value]) => ({
    class: overridden.has(path) ? ('chosen' as const) : undefined,
    cells: [html`<code>${path}</code>`, value],
  })),
)}
</details>
</section>
`;
}

/** Settings as path and value; lists of plain values stay on one line. */
function flatten(value: JsonValue, path = ''): [string, string][] {
  if (Array.isArray(value) && value.some((item) => typeof item === 'object' && item !== null)) {
    return value.flatMap((item: JsonValue, i) => flatten(item, `${path}[${i}]`));
  }
  if (isObject(value)) {
    return Object.entries(value).flatMap(([name, item]) => flatten(item, path ? `${path}.${name}` : name));
  }
  return [[path, Array.isArray(value) ? value.join(', ') : String(value)]];
}

const isObject = (value: JsonValue): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
