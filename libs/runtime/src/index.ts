export {
  address,
  ConfigError,
  listenAddress,
  loadConfig,
  logLevel,
  natsUrl,
  parseAddress,
  wholeNumber,
} from './config.ts';
export { createLogger, type LogContext, type Logger, withLogContext } from './logger.ts';
