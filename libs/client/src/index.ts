export { hasEnded } from '@nss/job-apis';
export { connectNss, type MeshAddresses, type NssClient } from './client.ts';
export { type FollowOptions, followCampaign } from './follow.ts';
