import { readFileSync } from 'fs';
import * as path from 'path';
import { documentsOf } from '../kernel/documents';

/** Of the package that makes the template: an alarm leads to the runbook of the version that its stack was made with. */
const { version } = JSON.parse(readFileSync(path.join(__dirname, '..', '..', 'package.json'), 'utf8')) as { readonly version: string };

/** Where an alarm's entry stands in the runbook. */
export function runbookLink(anchor: string): string {
  return `${documentsOf(version)}/docs/runbook.md#${anchor}`;
}
