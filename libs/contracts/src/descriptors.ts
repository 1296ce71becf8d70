import { readFileSync } from 'node:fs';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

/** The contracts, health's among them, as protobuf describes files (`google.protobuf.FileDescriptorProto`), for reflection. */
export function readDescriptors(): Buffer[] {
  const { file } = fromBinary(FileDescriptorSetSchema, readFileSync(new URL('gen/descriptors.binpb', import.meta.url)));
  return file.map((each) => Buffer.from(toBinary(FileDescriptorProtoSchema, each, { writeUnknownFields: false })));
}
