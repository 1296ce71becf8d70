export type { Caller } from './callers.ts';
export {
  type BidiCall,
  type CallOptions,
  type Client,
  type ClientOptions,
  connect,
  type RetryPolicy,
} from './client.ts';
export type { Definition } from './definitions.ts';
export {
  aborted,
  alreadyExists,
  cancelled,
  dataLoss,
  type FieldViolation,
  failedPrecondition,
  invalidArgument,
  NssError,
  type NssErrorOptions,
  notFound,
  permissionDenied,
  type QuotaViolation,
  resourceExhausted,
  toStatusObject,
  unauthenticated,
  unavailable,
  unimplemented,
} from './errors.ts';
export type { CallContext, Handler, Implementation } from './handlers.ts';
export type { Health } from './health.ts';
export { RPC_METRICS } from './metrics.ts';
export {
  artifactName,
  COLLECTIONS,
  type Collection,
  campaignName,
  evaluationName,
  ID_RULE,
  isNameOf,
  isResourceId,
  nasRunName,
  parseArtifactName,
  parseId,
  parseName,
  parseResourceName,
  resourceName,
  searchName,
  superNetworkName,
  trainingName,
  warmupName,
} from './names.ts';
export {
  type RunningServer,
  type ServerOptions,
  type Service,
  type ServiceOptions,
  service,
  startServer,
} from './server.ts';
export {
  DEFAULT_TENANT,
  parseStoredId,
  parseStoredName,
  parseStoredObject,
  parseTenant,
  storedId,
  storedName,
} from './tenants.ts';
