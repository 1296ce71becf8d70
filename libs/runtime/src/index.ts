export {
  address,
  ConfigError,
  loadConfig,
  logLevel,
  natsConfiguration,
  natsOptions,
  natsUrl,
  parseAddress,
  serverConfiguration,
  wholeNumber,
  workerConfiguration,
} from './config.ts';
export { createLogger, type LogContext, type Logger, withLogContext } from './logger.ts';
export {
  type Catalogue,
  type Instruments,
  instrumentsOf,
  type Metric,
  prometheusName,
  SECONDS,
} from './metrics.ts';
export { runMain } from './run-main.ts';
export { createShutdown, type Shutdown } from './shutdown.ts';
export { startTelemetry, type Telemetry, type TelemetryOptions } from './telemetry.ts';
