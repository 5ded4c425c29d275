import { Command } from 'commander';
import { consumerInbox } from './consumer-inbox.aws';
import { drainSwitch, RegionClient } from './drain-switch.aws';
import { InterruptibleRun } from './interruptible.node';
import { settingsAt } from '../account.aws';
import { ask, collect, counted, say, writeJson, writeText } from '../terminal';
import { TokenCommand } from './token-command.node';
import { VerifyOptions, verifyTarget, VerifyTarget } from './verify-request.service';
import { RetryingCaller } from '../../scenario/caller.service';
import { CheckLines } from '../../scenario/check-lines.service';
import { evidencePage } from '../../scenario/evidence.service';
import { sendOnce } from '../../scenario/http.node';
import type { ApiBody } from '../../scenario/model';
import { verify, VerificationPorts } from '../../scenario/verify.service';

interface VerifyCommandOptions extends VerifyOptions {
  readonly tokenCommand: string;
  readonly yes?: boolean;
  readonly json?: string;
  readonly html?: string;
}

const help = `
It opens accounts of its own in the tenant of the token, pays on them and leaves them there. It changes nothing else.
The token command is run by the shell (/bin/sh -c) and prints a bearer token, and nothing else. The token is kept in memory alone.
With --drain it takes a region out of service under load, sees when callers are elsewhere, and puts the region back, also after a
failure and after Ctrl-C. It needs AWS credentials for that, with the rights of LedgerReplica.grantDrain and dynamodb:ListTables.
With --consumer it needs dynamodb:BatchGetItem on the consumer's inbox, and kms:Decrypt with its key.

Each check is a line: "ok NAME: figure" or "FAIL NAME: why". Exit code 0: all passed. 1: something failed. 2: wrong arguments.

Example:
  npx cdk-multi-region-payments verify --api https://pay.example.com \\
    --region us-east-1=https://abc123.execute-api.us-east-1.amazonaws.com/live \\
    --region us-west-2=https://def456.execute-api.us-west-2.amazonaws.com/live \\
    --token-command ./token.sh --drain us-east-1 --json verify.json --html verify.html`;

/** Tries a deployed system by the contract of its API. */
export function verifyCommand(): Command {
  return new Command('verify')
    .description('try a deployed system: duplicates, replays, refusals, moves, balances, and the drain of a region')
    .requiredOption('--api <url>', 'the public name, such as https://pay.example.com')
    .requiredOption('--region <name=url>', 'a region with its own address (the output ApiEndpoint); give it once for each', collect)
    .requiredOption('--token-command <command>', 'a command for the shell that prints a bearer token')
    .option('--drain <region>', 'take this region out of service, measure the recovery time, put it back')
    .option('--yes', 'do not ask once more before the drain')
    .option('--budget <seconds>', 'with --drain: callers must be elsewhere within it', '30')
    .option('--consumer <name>', 'an IdempotentConsumer: look in its inbox for the events of the payments, in each region')
    .option('--tenant <name>', 'with --consumer: the tenant of the token')
    .option('--system <name>', "with --consumer, or with --drain where the account has several ledgers: the system's name")
    .option(
      '--endpoint-url <name=url>',
      "with --drain and --consumer: where AWS's services of a region answer, if not at AWS; give it once for each",
      collect,
      [],
    )
    .option('--json <file>', 'write the evidence to a file')
    .option('--html <file>', 'write the evidence as a page that is read without a network')
    .addHelpText('after', help)
    .action(async (options: VerifyCommandOptions, command: Command) => {
      const target = verifyTarget(options);
      if (typeof target === 'string') return command.error(target);
      const run = new InterruptibleRun();
      try {
        const tokens = new TokenCommand(options.tokenCommand);
        const lines = new CheckLines(say, (text) => tokens.hide(text));
        const { api, regions } = target;
        const verdict = await verify(portsOf(target, options, run, tokens), { api, regions, run: run.name }, lines);
        if (options.json !== undefined) writeJson(options.json, verdict);
        if (options.html !== undefined) writeText(options.html, evidencePage(verdict));
        counted(verdict.passed, verdict.failed);
      } finally {
        run.close();
      }
    });
}

function portsOf(target: VerifyTarget, { yes }: VerifyCommandOptions, run: InterruptibleRun, tokens: TokenCommand): VerificationPorts {
  const { api, regions, drain, budgetSeconds, systemName, consumer, isLocal } = target;
  const clients: RegionClient = (region) => (target.endpoints.has(region) ? settingsAt(target.endpoints.get(region)!) : {});
  const addresses = new Map(regions.map(({ name, url }) => [name, url]));
  const client = new RetryingCaller<ApiBody>(
    {
      send: (url, call, token) => {
        run.signal.throwIfAborted();
        return sendOnce(url, call, token, run.signal);
      },
      token: () => tokens.token(),
      renew: () => tokens.renew(),
      nowMs: run.nowMs,
      sleep: run.sleep,
      chance: Math.random,
    },
    ({ region, path }) => `${(region === undefined ? undefined : addresses.get(region)) ?? api}${path}`,
  );
  return {
    client,
    token: () => tokens.token(),
    nowMs: run.nowMs,
    sleep: run.wait,
    endedBy: run.endedBy,
    ...(consumer && { events: () => consumerInbox({ ...consumer, consumer: consumer.name, regions: [...addresses.keys()], clients }) }),
    ...(drain === undefined
      ? {}
      : {
          drain: {
            region: drain,
            budgetSeconds,
            find: () => drainSwitch(drain, { regions: [...addresses.keys()], systemName, run: run.name, clients }),
            confirm: async (question) => yes === true || (await ask(question))?.trim() === drain,
            // A front door stands for the internet's resolvers, and has to be told who asks.
            headers: (caller): Readonly<Record<string, string>> =>
              isLocal ? { 'X-Client-Location': drain, 'X-Client-Resolver': `${run.name}-${caller}` } : {},
          },
        }),
  };
}
