import { execFileSync } from 'node:child_process';
import { createFileRegistry, type DescFile, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

const root = new URL('../../..', import.meta.url);

/** The files of the package nss.v1 as buf reads them from proto/, with their comments, by name. */
export function readContracts(): DescFile[] {
  const arguments_ = ['node_modules/@bufbuild/buf/bin/buf', 'build', 'proto', '--path', 'proto/nss', '--output', '-'];
  const image = execFileSync(process.execPath, arguments_, { cwd: root, maxBuffer: 64 * 1024 * 1024 });
  const { files } = createFileRegistry(fromBinary(FileDescriptorSetSchema, image));
  return [...files].filter(({ proto }) => proto.package === 'nss.v1').sort((a, b) => (a.name < b.name ? -1 : 1));
}
