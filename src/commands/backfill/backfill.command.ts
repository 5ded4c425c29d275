import { Command } from 'commander';
import { backfillAccount } from './aws';
import { Backfill, BackfillResult } from './service';
import { endpointProblem, regionProblem, systemProblem } from '../options.service';
import { ending, say, writeJson } from '../terminal';

interface BackfillOptions {
  readonly system: string;
  readonly from: string;
  readonly to: string;
  readonly settle: string;
  readonly poll: string;
  readonly newRegion?: true;
  readonly endpointUrl?: string;
  readonly json?: string;
}

const help = `
It starts a job of S3 Batch Replication and waits for it. Then it compares both buckets, version by version, and writes the report
into the bucket that it copies from, below .backfill/. The cutover's check 'documents-backfilled' reads its result.
It may be run again at any time. Exit code 0: both regions are equal. 1: they differ, or the job failed. 2: wrong arguments.

Example:
  npx cdk-multi-region-payments backfill --system acme-pay --from us-east-1 --to eu-central-1 --json parity.json`;

/** Has documents copied that never were, and compares the regions. */
export function backfillCommand(): Command {
  return new Command('backfill')
    .description('copy the documents that S3 never copied, and prove that both regions have the same')
    .requiredOption('--system <name>', "the system's name, as the constructs have it")
    .requiredOption('--from <region>', 'the region whose documents are copied')
    .requiredOption('--to <region>', 'the region that they are copied to')
    .option('--new-region', 'the second region is new: also copy what was copied to other regions, or came from them')
    .option('--settle <seconds>', 'how long a document may be on its way, and how long a difference must last to count', '60')
    .option('--poll <seconds>', 'how often the job is asked about', '5')
    .option('--endpoint-url <url>', "where AWS's services answer; {region} stands for the region")
    .option('--json <file>', 'write the result to a file')
    .addHelpText('after', help)
    .action(async ({ system: systemName, from, to, newRegion, settle, poll, endpointUrl, json }: BackfillOptions, command: Command) => {
      const wrong = regionProblem('from', from) ?? regionProblem('to', to) ?? systemProblem(systemName) ?? endpointProblem(endpointUrl);
      if (wrong !== undefined) command.error(wrong);
      if (from === to) command.error(`--to ${to}: give another region than --from`);
      const [settleSeconds, pollSeconds] = [Number(settle), Number(poll)];
      if (!(settleSeconds >= 0 && settleSeconds <= 86_400)) command.error(`--settle ${settle}: give seconds, from 0 to 86400`);
      if (!(pollSeconds >= 0.1 && pollSeconds <= 600)) command.error(`--poll ${poll}: give seconds, from 0.1 to 600`);
      const asked = { systemName, from, to, isNewRegion: newRegion === true };
      const ports = { ...(await backfillAccount({ ...asked, endpointUrl })), say };
      const result = await new Backfill(ports, { ...asked, settleSeconds, pollMs: pollSeconds * 1000 }).run();
      if (json !== undefined) writeJson(json, result);
      ending(result.outcome === 'compared' && result.report.equal, sentence(result));
    });
}

function sentence(result: BackfillResult): string {
  if (result.outcome === 'jobFailed') return `the job ended as ${result.job.state}: ${result.job.why ?? 'S3 gives no reason'}`;
  const { report, place, sha256 } = result;
  const { byChecksum, bySize } = report.compared;
  const { onTheWay, expiring } = report.leftOut;
  const left = `left out: ${onTheWay} on their way, ${expiring} old ones about to expire`;
  const compared = `${byChecksum} versions compared by checksum, ${bySize} by size (${left})`;
  if (report.equal) return `${report.from} and ${report.to} have the same documents: ${compared}; report ${place}, sha256 ${sha256}`;
  const shown = report.differences.slice(0, 10).map(({ key, versionId, why }) => `  ${key} ${versionId}: ${why}`);
  return [`${report.differences.length} differences between ${report.from} and ${report.to}: report ${place}`, ...shown].join('\n');
}
