import { Command } from 'commander';
import { auditReaderOf } from './aws';
import { optionsOf } from '../../cutover/report/service';
import { endpointProblem, regionProblem, systemProblem } from '../options.service';
import { writeJson, writeText } from '../terminal';

interface AuditReportOptions {
  readonly system: string;
  readonly region: string;
  readonly key?: string;
  readonly seen?: string;
  readonly output?: string;
  readonly endpointUrl?: string;
  readonly json?: string;
}

const help = `
It reads every record of the cutover's audit and checks places, hashes and signatures on this machine. The report is Markdown.
It needs ssm:GetParametersByPath on /SYSTEM/cutover/audit and kms:GetPublicKey on the key.
Give the key by its ARN, and --seen from an earlier report: then neither another key nor a shorter audit goes unseen.

Exit code 0: the audit is unbroken. 1: it is broken, or could not be read. 2: wrong arguments.

Example:
  npx cdk-multi-region-payments audit-report --system acme-pay --region eu-central-1 --key "$AUDIT_KEY" --output audit.md`;

/** Renders a cutover's audit for an auditor. */
export function auditReportCommand(): Command {
  return new Command('audit-report')
    .description("verify a cutover's audit, and write it down for an auditor")
    .requiredOption('--system <name>', "the system's name, as the constructs have it")
    .requiredOption('--region <region>', 'the region in which the state machine stands')
    .option('--key <arn>', "the key that signed it: the stack's output AuditKey; none: it was never signed (default: asked by alias)")
    .option('--seen <record:sha256>', 'a record that an earlier report showed, and its hash')
    .option('--output <file>', 'write the report to a file, and print what was found alone')
    .option('--endpoint-url <url>', "where AWS's services answer, if not at AWS; {region} stands for the region")
    .option('--json <file>', 'write what was found to a file')
    .addHelpText('after', help)
    .action(async ({ system: systemName, region, key, seen, output, endpointUrl, json }: AuditReportOptions, command: Command) => {
      const wrong = systemProblem(systemName) ?? regionProblem('region', region) ?? endpointProblem(endpointUrl);
      if (wrong !== undefined) return command.error(wrong);
      const options = optionsOf({ systemName, region, key, seen });
      if (typeof options === 'string') return command.error(options);
      const report = await auditReaderOf({ systemName, region, endpointUrl }, options.key).report(options);
      const { text, unbroken, records, problems } = report;
      if (json !== undefined) writeJson(json, { systemName, region, unbroken, records, problems });
      if (output === undefined) {
        process.stdout.write(`${text}\n`);
      } else {
        writeText(output, `${text}\n`);
        const lines = problems.map(({ seq, problem }) => (seq === undefined ? problem : `record ${seq}: ${problem}`));
        process.stdout.write([...lines, `${records} records, ${unbroken ? 'unbroken' : 'broken'}: ${output}`, ''].join('\n'));
      }
      process.exitCode = unbroken ? 0 : 1;
    });
}
