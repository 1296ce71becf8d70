import { execFileSync } from 'node:child_process';
import { createFileRegistry, type DescFile, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

const root = new URL('../../..', import.meta.url);

/** The files of the package nss.v1 as buf reads them from proto/, with their comments, by name. */
export function readContracts(): DescFile[] {
  const { files } = createFileRegistry(
    fromBinary(FileDescriptorSetSchema, buildProtos('proto', '--path', 'proto/nss')),
  );
  return [...files].filter(({ proto }) => proto.package === 'nss.v1').sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** A `FileDescriptorSet` of everything in proto/ and of the health service, without comments. */
export function buildDescriptors(): Buffer {
  const bare = '--exclude-source-info';
  // Sets that stand one after another are one set.
  return Buffer.concat([buildProtos('proto', bare), buildProtos('node_modules/grpc-health-check/proto', bare)]);
}

function buildProtos(input: string, ...options: string[]): Buffer {
  const buf = ['node_modules/@bufbuild/buf/bin/buf', 'build', input, ...options, '--output', '-'];
  return execFileSync(process.execPath, buf, { cwd: root, maxBuffer: 64 * 1024 * 1024 });
}
