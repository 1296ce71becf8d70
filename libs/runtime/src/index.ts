export { address, ConfigError, loadConfig, logLevel, parseAddress, wholeNumber } from './config.ts';
export { createLogger, type LogContext, type Logger, withLogContext } from './logger.ts';
export {
  type Catalogue,
  type Instruments,
  instrumentsOf,
  type Metric,
  prometheusName,
  SECONDS,
} from './metrics.ts';
export { loadQuotas, type Quota, type Quotas } from './quotas.ts';
export { runMain } from './run-main.ts';
export {
  clientConfiguration,
  natsConfiguration,
  natsOptions,
  natsUrl,
  serverConfiguration,
  serverOptions,
  type TokenSettings,
  workerConfiguration,
} from './settings.ts';
export { createShutdown, type Shutdown } from './shutdown.ts';
export { inTraceOf, startTelemetry, type Telemetry, type TelemetryOptions } from './telemetry.ts';
export { isLoopback, type Tls, tlsOf, transportConfiguration } from './transport.ts';
export { turn } from './turn.ts';
