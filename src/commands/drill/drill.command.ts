import { Command, Option } from 'commander';
import { drillAccount } from './aws';
import { abortDrill, drill, DrillOutcome, drillText } from './service';
import type { DrillKind } from '../../drill/contract';
import { endpointProblem, regionProblem } from '../options.service';
import { ending, say, writeJson } from '../terminal';

interface DrillOptions {
  readonly system: string;
  readonly region: string;
  readonly from: string;
  readonly kind: DrillKind;
  readonly abort?: boolean;
  readonly endpointUrl?: string;
  readonly json?: string;
}

const help = `
It takes a region of the system out of service under the drill's own load, and puts it back: docs/drill.md says what is measured.
It needs states:StartExecution, ListExecutions, DescribeExecution, GetExecutionHistory and, for --abort, StopExecution.
Ctrl-C ends this command and not the drill. --abort ends the drill: its watchdog puts the region back within a minute or two.

Exit code 0: the drill was passed. 1: it was not, or it could not begin. 2: wrong arguments.

Example:
  npx cdk-multi-region-payments drill --system acme-pay --region us-east-1 --from us-west-2 --json drill.json`;

/** Drills a region by hand. */
export function drillCommand(): Command {
  return new Command('drill')
    .description('take a region out of service under load, measure, and put it back')
    .requiredOption('--system <name>', "the system's name, as the constructs have it")
    .requiredOption('--region <region>', 'the region that is drilled')
    .requiredOption('--from <region>', "the region of the drill's stack")
    .addOption(new Option('--kind <kind>', 'how it is taken away').choices(['drain', 'fault']).default('drain'))
    .option('--abort', 'end the drill that runs')
    .option('--endpoint-url <url>', "where AWS's services answer; {region} stands for the region")
    .option('--json <file>', 'write the result to a file')
    .addHelpText('after', help)
    .action(async ({ system: systemName, region, from, kind, abort, endpointUrl, json }: DrillOptions, command: Command) => {
      const wrong = regionProblem('region', region) ?? regionProblem('from', from) ?? endpointProblem(endpointUrl);
      if (wrong !== undefined) command.error(wrong);
      if (region === from) command.error(`--from ${from}: a drill stands in another region than the one that it takes away`);
      const request = { systemName, region, from, kind };
      const ports = { ...(await drillAccount({ region: from, endpointUrl })), say };
      const done = await (abort === true ? abortDrill : drill)(request, ports);
      if (json !== undefined) writeJson(json, done);
      conclude(done);
    });
}

function conclude(done: DrillOutcome): void {
  switch (done.outcome) {
    case 'refused':
      return ending(false, `refused: ${done.why}`);
    case 'aborted':
      return ending(true, `ended: ${done.arns.join(', ')}`);
    case 'ended':
      return ending(done.result?.state === 'PASSED', drillText(done).join('\n'));
  }
}
