import { Command } from 'commander';
import { gateCalls } from './gate-call.aws';
import { decide, GateCallResult, gateTarget, start } from './gate-call.service';
import { ending, writeJson } from '../terminal';

interface DecideOptions {
  readonly region?: string;
  readonly json?: string;
}

const urlHelp = 'the address, as the message or the page has it';
const regionHelp = "the gate's region, where the address does not name it";

const help = `
The gate must know people by IAM (ApproverIdentity.iam). The credentials are those that the AWS CLI would take: AWS_PROFILE and so on.
The command signs the call, and a request of sts:GetCallerIdentity by which the gate learns from STS who calls.
A proof counts for this one call, and for five minutes.`;

/** `approve` and `reject`: decide one approval. */
export function decideCommand(decision: 'approve' | 'reject'): Command {
  return new Command(decision)
    .description(`${decision} what a gate asks, with your AWS credentials`)
    .argument('<url>', urlHelp)
    .option('--comment <text>', 'kept in the record')
    .option('--region <region>', regionHelp)
    .option('--json <file>', 'write the result to a file')
    .addHelpText(
      'after',
      `${help}\n\nExample:\n  npx cdk-multi-region-payments ${decision} ` +
        `https://abc123.execute-api.eu-central-1.amazonaws.com/live/approvals/0123456789abcdefghijkl --comment "looked at the report"`,
    )
    .action(async (url: string, { region, json, comment }: DecideOptions & { readonly comment?: string }, command: Command) => {
      const target = gateTarget(url, 'approvals', region);
      if (typeof target === 'string') command.error(target);
      else show(await decide(gateCalls(), target, decision, comment), json);
    });
}

/** `start`: starts what a gate lets people start. */
export function startCommand(): Command {
  return new Command('start')
    .description('start a state machine through a gate, with your AWS credentials')
    .argument('<url>', urlHelp)
    .option('--input <json>', "the execution's input, a JSON object; the gate adds who started it", '{}')
    .option('--key <text>', 'the Idempotency-Key: the same key and input start one execution; by default a new one')
    .option('--region <region>', regionHelp)
    .option('--json <file>', 'write the result to a file')
    .addHelpText(
      'after',
      `${help}\n\nExample:\n  npx cdk-multi-region-payments start ` +
        `https://abc123.execute-api.eu-central-1.amazonaws.com/live/starts/release --input '{"build": "4711"}' --key release-4711`,
    )
    .action(
      async (
        url: string,
        { region, json, input, key }: DecideOptions & { readonly input: string; readonly key?: string },
        command: Command,
      ) => {
        const target = gateTarget(url, 'starts', region);
        if (typeof target === 'string') command.error(target);
        else show(await start(gateCalls(), target, input, key), json);
      },
    );
}

function show(result: GateCallResult, json: string | undefined): void {
  if (json !== undefined) writeJson(json, result);
  ending(result.outcome === 'decided' || result.outcome === 'started', sentence(result));
}

function sentence(result: GateCallResult): string {
  switch (result.outcome) {
    case 'decided':
      return result.decision === undefined
        ? `your answer was recorded: ${result.approvals} of ${result.required} approvals`
        : `decided: ${result.decision}`;
    case 'started':
      return `started by ${result.startedBy}: ${result.execution}`;
    case 'refused':
      return `refused: ${result.why}`;
    case 'unanswered':
      return (
        `not answered: ${result.why}\n  ` +
        `${
          result.key === undefined
            ? 'look at the approval: the answer may have counted; then give the same ' + 'command again'
            : `it may have been started; to ask for the same again add --key ` + `${result.key}`
        }`
      );
  }
}
