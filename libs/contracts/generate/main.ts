import { writeFileSync } from 'node:fs';
import { apiMarkdown } from './api-markdown.ts';
import { readContracts } from './contracts.ts';

writeFileSync(new URL('../../../docs/api.md', import.meta.url), apiMarkdown(readContracts()));
