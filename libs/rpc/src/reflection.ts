import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadSync } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import { protoPath as healthProtoPath } from 'grpc-health-check';

/** The contracts: part of every checkout and image. */
const PROTO_DIRECTORY = fileURLToPath(new URL('../../../proto', import.meta.url));

/** Server reflection (v1 and v1alpha) that lists these services; the descriptors come from the contracts as they are written. */
export function createReflection(serviceNames: readonly string[]): ReflectionService {
  const contracts = readdirSync(PROTO_DIRECTORY, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.proto'))
    .map((file) => join(PROTO_DIRECTORY, file));
  const descriptors = loadSync([...contracts, healthProtoPath], { includeDirs: [PROTO_DIRECTORY], keepCase: true });
  return new ReflectionService(descriptors, { services: [...serviceNames] });
}
