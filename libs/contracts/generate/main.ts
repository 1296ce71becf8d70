import { writeFileSync } from 'node:fs';
import { apiMarkdown } from './api-markdown.ts';
import { buildDescriptors, readContracts } from './contracts.ts';

writeFileSync(new URL('../../../docs/api.md', import.meta.url), apiMarkdown(readContracts()));
writeFileSync(new URL('../src/gen/descriptors.binpb', import.meta.url), buildDescriptors());
