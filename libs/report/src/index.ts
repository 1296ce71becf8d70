export { evaluationReport, type MeasuredSpace } from './comparison.ts';
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
export { architecturesCsv, campaignJson, eliteSpacesJson, renderAll, tableCsv } from './files.ts';
export { renderReport } from './report.ts';
