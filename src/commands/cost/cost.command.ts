import { Command } from 'commander';
import { answerCost, CostOptions, costQuestion, costText } from './service';
import { writeJson } from '../terminal';

const help = `
The prices and what a payment takes are data of this version, with their date: nothing is fetched, no credentials are needed.
It names what is assumed and which prices are not confirmed. docs/cost.md explains the figures, and says what is not in them.

Example:
  npx cdk-multi-region-payments cost --tps 1000,5000,10000 --regions us-east-1,eu-central-1 --mode strong`;

/** Prints what a system costs a month, by service and per million payments. */
export function costCommand(): Command {
  return new Command('cost')
    .description('print what a system costs a month, by service and per million payments')
    .requiredOption('--tps <list>', 'payments a second of all regions together, such as 1000,5000')
    .requiredOption('--regions <list>', 'the replicas, such as us-east-1,eu-central-1')
    .requiredOption('--mode <mode>', 'strong or home-region')
    .option('--capture-share <share>', 'payments that are captured, of all', '1')
    .option('--replay-share <share>', 'payments that are sent a second time, of all', '0.02')
    .option('--account-day <payments>', 'payments a day on one account: 1000, 10000, 100000 or 1000000', '1000')
    .option('--consumers <number>', 'consumers of the events in each region', '1')
    .option('--canaries <number>', 'canaries in each region; 0 without any', '2')
    .option('--canary-interval <minutes>', 'time between two runs of a canary', '5')
    .option('--drills <number>', 'drills of each region a year; 0 without any', '4')
    .option('--drill-kind <kind>', 'drain or fault', 'drain')
    .option('--write-wait <ms>', 'strong: what a request waits for the other region')
    .option('--json [file]', 'print JSON, or write it to a file')
    .addHelpText('after', help)
    .action(({ json, ...options }: CostOptions & { readonly json?: string | true }, command: Command) => {
      const question = costQuestion(options);
      if (typeof question === 'string') return command.error(question);
      const answer = answerCost(question);
      if (typeof json === 'string') writeJson(json, answer);
      process.stdout.write(`${json === true ? JSON.stringify(answer, undefined, 2) : costText(answer)}\n`);
    });
}
