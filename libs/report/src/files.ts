import { mean, standardDeviation } from '@nss/analysis';
import { formatSpace, targetLabel } from '@nss/space';
import { writeCsv } from './csv.ts';
import type { ReportData } from './data.ts';
import { findingsOf, nasOutcomesOf, whyMissing } from './findings.ts';
import { renderReport } from './report.ts';

/** Every file of a campaign's report, by name. */
export async function renderAll(data: ReportData): Promise<Map<string, string>> {
  return new Map([
    ['report.html', await renderReport(data)],
    ['campaign.json', campaignJson(data)],
    ['elite-spaces.json', eliteSpacesJson(data)],
    ['architectures.csv', architecturesCsv(data)],
    ['table.csv', tableCsv(data)],
  ]);
}

/** The whole campaign, except for the rows per architecture, which `architecturesCsv` holds. Numbers that are not finite are null. */
export function campaignJson(data: ReportData): string {
  return toJson({
    schema: 'nss.campaign/v1',
    ...data,
    evaluations: data.evaluations.map(({ architectures, ...evaluation }) => ({
      ...evaluation,
      evaluatedArchitectures: architectures.length,
    })),
  });
}

/** The Elite Spaces alone, for programs that go on with them, and what they need to read them: search space and input. */
export function eliteSpacesJson(data: ReportData): string {
  const { campaign } = data;
  const findings = findingsOf(data);
  return toJson({
    schema: 'nss.elite-spaces/v1',
    campaign: campaign.id,
    dataset: campaign.dataset,
    preset: campaign.preset,
    input: campaign.input,
    searchSpace: campaign.searchSpace,
    eliteSpaces: findings.flatMap(({ search }) =>
      search
        ? [
            {
              targetMultiplyAdds: search.targetMultiplyAdds,
              seed: search.seed,
              text: formatSpace(search.eliteSpace),
              stages: search.eliteSpace.stages,
              certificate: search.certificate,
              draws: search.draws.map(({ space, ...draw }) => ({ text: formatSpace(space), ...draw })),
            },
          ]
        : [],
    ),
    missing: findings.flatMap((finding) =>
      finding.search
        ? []
        : [
            {
              targetMultiplyAdds: finding.targetMultiplyAdds,
              seed: finding.seed,
              reason: whyMissing(data, 'search', finding),
            },
          ],
    ),
  });
}

/** A row an evaluated architecture: cost in multiply-adds, error in percent of images, loss in nats. */
export function architecturesCsv(data: ReportData): string {
  return writeCsv(
    ['super_network', 'space', 'source', 'architecture', 'multiply_adds', 'error_percent', 'loss'],
    data.evaluations.flatMap(({ id, architectures }) =>
      architectures.map((row) => [
        id,
        row.label,
        row.source,
        row.architecture,
        row.multiplyAdds,
        row.errorPercent,
        row.loss,
      ]),
    ),
  );
}

/** The report's table in the form of the paper's Table 1: two rows a target and seed; `note` says why something is missing. */
export function tableCsv(data: ReportData): string {
  return writeCsv(
    [
      'target',
      'target_multiply_adds',
      'seed',
      'nas_on',
      'architecture',
      'multiply_adds',
      'deviation',
      'draws',
      'hit_rate',
      'test_error_mean_percent',
      'test_error_sd_percent',
      'repeats',
      'note',
    ],
    nasOutcomesOf(data).map((outcome) => {
      const { nas, source, testErrorsPercent } = outcome;
      const lacks = !nas ? 'nas' : testErrorsPercent.length === 0 ? 'training' : undefined;
      return [
        targetLabel(outcome.targetMultiplyAdds),
        outcome.targetMultiplyAdds,
        outcome.seed,
        source,
        nas?.architecture,
        nas?.multiplyAdds,
        nas?.deviation,
        nas?.draws,
        nas?.hitRate,
        mean(testErrorsPercent),
        standardDeviation(testErrorsPercent),
        testErrorsPercent.length,
        lacks && whyMissing(data, lacks, outcome, source),
      ];
    }),
  );
}

/** Indented JSON with lists of plain numbers on one line, so that it can be read. No string can hold the line break looked for. */
function toJson(value: unknown): string {
  const text = JSON.stringify(value, null, 2).replace(
    /\[\n\s+((?:(?:-?\d[\d.eE+-]*|null),?\s+)+)\]/g,
    (_, numbers: string) => `[${numbers.trim().replace(/\s+/g, ' ')}]`,
  );
  return `${text}\n`;
}
