export { evaluationReport, type MeasuredSpace } from './comparison.ts';
export { type CsvField, writeCsv } from './csv.ts';
export type {
  ArchitectureRow,
  ArchitectureSource,
  CampaignReport,
  CertificateReport,
  ComparisonReport,
  EvaluatedSpaceReport,
  EvaluationReport,
  JobKind,
  JobReport,
  JsonObject,
  JsonValue,
  NasReport,
  NasSource,
  PhaseName,
  ReportData,
  SearchReport,
  SpaceDrawReport,
  TrainerUseReport,
  TrainingReport,
  TrajectoryPoint,
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
