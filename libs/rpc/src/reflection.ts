import { ReflectionService } from '@grpc/reflection';
import { readDescriptors } from '@nss/contracts';

/** Server reflection (v1 and v1alpha) that lists these services; the descriptors are those of the contracts, file by file. */
export function createReflection(serviceNames: readonly string[]): ReflectionService {
  // Not through @grpc/proto-loader: it makes one file without imports of each package, which grpcurl and buf refuse.
  const contracts = { format, type: {}, fileDescriptorProtos: readDescriptors() };
  return new ReflectionService({ contracts }, { services: [...serviceNames] });
}

/** ReflectionService takes what proto-loader gives, of which it reads the descriptors only. */
const format = 'Protocol Buffer 3 EnumDescriptorProto' as const;
