import { causeOf } from '../../kernel/cause';
import { clock } from '../../runtime/clock';
import { kmsSigner, parameterAudit } from '../audit/aws';
import { AuditReader, optionsOf, ReportOptions } from '../report/service';

function readerOf({ systemName, region, key }: ReportOptions): AuditReader {
  return new AuditReader(parameterAudit(systemName, region), key === undefined ? undefined : kmsSigner(key, region), clock);
}

/** Renders the audit for an auditor, as text. */
export async function handler(asked: unknown): Promise<string> {
  const options = optionsOf(asked);
  if (typeof options === 'string') return options;
  return (await readerOf(options).report(options)).text;
}

/**
 * Run by hand: `node audit-report/index.js --system NAME --region REGION [--key ARN|none] [--seen RECORD:SHA256]`; ends with 1 when the
 * chain is broken.
 */
async function main(args: readonly string[]): Promise<number> {
  const value = (name: string): string | undefined => (args.includes(name) ? args[args.indexOf(name) + 1] : undefined);
  const options = optionsOf({ systemName: value('--system'), region: value('--region'), key: value('--key'), seen: value('--seen') });
  if (typeof options === 'string') {
    process.stderr.write(`${options}\n`);
    return 2;
  }
  const { text, unbroken } = await readerOf(options).report(options);
  process.stdout.write(`${text}\n`);
  return unbroken ? 0 : 1;
}

if (typeof require !== 'undefined' && require.main === module) {
  main(process.argv.slice(2)).then(
    (code) => {
      process.exitCode = code;
    },
    (error: unknown) => {
      process.stderr.write(`${causeOf(error)}\n`);
      process.exitCode = 2;
    },
  );
}
