export { hasEnded } from '@nss/job-apis';
export { type CallOptions, type ClientOptions, NssError, type RetryPolicy } from '@nss/rpc';
export { connectNss, type MeshAddresses, type NssClient } from './client.ts';
export { type FollowOptions, follow, followCampaign } from './follow.ts';
