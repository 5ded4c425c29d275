/** Writes docs/security-table.md, who may do what in the examples, from their templates: `npx tsx tools/security-table.ts`. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { bundleHandlers } from './bundles/bundle';
import { renderRows, rowsOf, trustLines } from './security/table';
import { Deployment, deployments } from './security/templates';
import { wildcardLines } from './security/wildcards';

/** Where the document lies in the repository. */
export const securityTableFile = path.resolve(__dirname, '..', 'docs', 'security-table.md');

/** The document as it is committed. */
export function renderSecurityTable(all: readonly Deployment[]): string {
  const rows = rowsOf(all);
  const of = (by: 'identity' | 'resource'): string[] => renderRows(rows.filter((row) => row.by === by));
  return [
    '# Who may do what',
    '',
    'Generated from the templates of both examples: change the constructs, then run `npx tsx tools/security-table.ts`. What it ' +
      'means is in [security.md](security.md).',
    '',
    ...all.map(({ letter, title }) => `- **${letter}**: ${title}`),
    '',
    "A letter with a region means that region alone. `{here}` is the stack's own region, `{peer}` the other one, `{here~}` and " +
      '`{peer~}` their short names. `::` stands for the account. ' +
      'Names in `<...>` are places of constructs whose names CloudFormation makes up. `account` is every principal that an identity ' +
      'policy of the account allows; `anybody` is every caller. ' +
      "Left out: logs, traces, metrics, and reading API Gateway's quotas.",
    '',
    '## What roles may do',
    '',
    ...of('identity'),
    '',
    "## What resources' own policies say",
    '',
    ...of('resource'),
    '',
    '## Who takes a role on',
    '',
    ...trustLines(all),
    '',
    '## Wildcards',
    '',
    ...wildcardLines(rows),
    '',
  ].join('\n');
}

async function main(): Promise<void> {
  await bundleHandlers();
  writeFileSync(securityTableFile, renderSecurityTable(deployments()));
}

if (require.main === module) {
  main().catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  });
}
