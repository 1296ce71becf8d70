export { connectNss, type MeshAddresses, type NssClient } from './client.ts';
export { type FollowOptions, followCampaign, hasEnded } from './follow.ts';
