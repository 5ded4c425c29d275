/** Writes docs/openapi.yaml from the schemas that the functions validate with: `npx tsx tools/openapi.ts`. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import { openApiDocument } from '../src/api/http/openapi';

/** Where the document lies in the repository. */
export const openApiFile = path.resolve(__dirname, '..', 'docs', 'openapi.yaml');

/** The document as it is committed. */
export function renderOpenApi(): string {
  const heading = '# Generated from src/api/http by tools/openapi.ts: change the schemas there, then run `npx tsx tools/openapi.ts`.\n';
  return heading + stringify(openApiDocument(), { lineWidth: 120, aliasDuplicateObjects: false });
}

if (require.main === module) writeFileSync(openApiFile, renderOpenApi());
