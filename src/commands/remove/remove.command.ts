import { Command } from 'commander';
import { removalAccount } from './aws';
import { Removal, RemovalResult } from './service';
import { isRegionName } from '../../kernel/region';
import { endpointProblem, systemProblem } from '../options.service';
import { ask, collect, ending, say, writeJson } from '../terminal';

interface RemoveOptions {
  readonly system: string;
  readonly region: string[];
  readonly table: string[];
  readonly confirm?: string;
  readonly dryRun?: boolean;
  readonly keepKeys?: boolean;
  readonly endpointUrl?: string;
  readonly json?: string;
}

const help = `
Run it after 'npx cdk destroy --all'. It refuses while the payments function stands.
It switches protection off, dissolves the global tables, deletes the last copies, then schedules the deletion of the keys.
It waits for each step and stops at the first refusal. Give the same command again to go on.

Examples:
  npx cdk-multi-region-payments remove --system acme-pay --region us-east-1 --region us-west-2 --dry-run
  npx cdk-multi-region-payments remove --system acme-pay --region us-east-1 --region us-west-2 --table acme-pay-recorder-inbox`;

/** Deletes the data of a system for good. */
export function removeCommand(): Command {
  return new Command('remove')
    .description('delete the tables and keys of a system whose stacks are gone, for good')
    .requiredOption('--system <name>', "the system's name, as the constructs have it")
    .requiredOption('--region <region>', 'a region with a table, a replica or a key of the system; give it once for each', collect)
    .option('--table <name>', 'a table of your own to delete too, the same in every region; give it once for each', collect, [])
    .option('--dry-run', 'show what would be deleted, and delete nothing')
    .option('--keep-keys', 'leave the keys: backups can be read as long as they are there')
    .option('--confirm <name>', "the system's name once more, instead of typing it when asked")
    .option('--endpoint-url <url>', "where AWS's services answer; {region} stands for the region")
    .option('--json <file>', 'write the result to a file')
    .addHelpText('after', help)
    .action(async (options: RemoveOptions, command: Command) => {
      const { system: systemName, region: regions, table: tables, confirm, dryRun = false, keepKeys = false, endpointUrl, json } = options;
      const wrong = regions.find((region, index) => !isRegionName(region) || regions.indexOf(region) !== index);
      if (wrong !== undefined) command.error(`--region ${wrong}: it is not the name of a region, or it is given twice`);
      const problem = systemProblem(systemName) ?? endpointProblem(endpointUrl);
      if (problem !== undefined) command.error(problem);
      const ports = { ...removalAccount({ endpointUrl }), say, ask: async (question: string) => confirm ?? ask(question) };
      const result = await new Removal(ports, { systemName, regions, tables, dryRun, keepKeys }).run();
      if (json !== undefined) writeJson(json, result);
      ending(result.outcome === 'removed' || result.outcome === 'shown', sentence(result));
    });
}

function sentence(result: RemovalResult): string {
  switch (result.outcome) {
    case 'removed':
      return `removed: ${result.tables.join(', ') || 'no table was left'}${
        result.keys.length > 0 ? `; the keys in ${result.keys.join(', ')} can be rescued ` + `for 30 days` : ''
      }`;
    case 'shown':
      return 'nothing was changed: this was a dry run';
    case 'refused':
      return `refused: ${result.why}`;
    case 'stopped':
      return (
        `stopped at: ${result.at}\n  ${result.why}\n  done before it: ${result.done.join('; ') || 'nothing'}\n  no later step ` +
        `was begun; fix the cause and give the same command again`
      );
  }
}
