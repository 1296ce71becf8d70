export { type Bus, type BusOptions, connectBus } from './connection.ts';
export {
  type DeadLetter,
  deadLettersAfter,
  dropDeadLetter,
  listDeadLetters,
  readDeadLetter,
  resendDeadLetter,
} from './dead-letters.ts';
export { BusFull, BusStoreLost, BusUnavailable, NoResponders, ObjectDamaged, RevisionConflict } from './errors.ts';
export { storedEvents } from './events.ts';
export { BUS_METRICS } from './metrics.ts';
export { ARTIFACTS, CHECKPOINTS, type Objects, type StoredObject } from './objects.ts';
export { observeDeadLetters, observeQueue } from './observe.ts';
export { openObjects } from './open-objects.ts';
export { publish, publishOnce, unpublish } from './publish.ts';
export { consume, type Handler, pauseMs, purgeAcknowledged, type QueueMessage, type Verdict } from './queue.ts';
export { isPrivateSubject, onRequest, privateSubject, request } from './request.ts';
export type { S3Settings } from './s3-calls.ts';
export { type Change, type Codec, type Entry, type KeyChange, openStore, type Store, TEXT } from './store.ts';
export {
  ACK_WAIT_MS,
  cloudEventQueue,
  cloudEventSubject,
  ensureQueue,
  ensureTopology,
  eventSubject,
  jobOfSubject,
  jobQueue,
  jobSubject,
  LEASE_QUEUE,
  LEASE_SUBJECT,
  type QueueName,
} from './topology.ts';
