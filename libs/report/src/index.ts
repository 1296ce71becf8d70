export { evaluationReport, type MeasuredSpace } from './comparison.ts';
export { type CsvField, writeCsv } from './csv.ts';
export {
  type ArchitectureRow,
  type ArchitectureSource,
  type CampaignReport,
  type CertificateReport,
  type ComparisonReport,
  type EvaluatedSpaceReport,
  type EvaluationReport,
  type JobKind,
  type JobReport,
  type JsonObject,
  type JsonValue,
  type NasReport,
  type NasSource,
  nasSources,
  type PhaseName,
  type ReportData,
  type SearchReport,
  type SpaceDrawReport,
  type TrainerUseReport,
  type TrainingReport,
  type TrajectoryPoint,
} from './data.ts';
export { steps } from './figures/distribution-panels.ts';
export { drawSvgFile } from './figures/draw.ts';
export { type ColourName, colour, costUnitOf, panelTitle } from './figures/theme.ts';
export { architecturesCsv, campaignJson, eliteSpacesJson, renderAll, tableCsv } from './files.ts';
export {
  formatCost,
  formatDeviation,
  formatNumber,
  formatPercent,
  formatShare,
  formatSigned,
  kindTitles,
  listOf,
} from './format.ts';
export { renderReport } from './report.ts';
