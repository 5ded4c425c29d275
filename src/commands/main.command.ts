import { Command, CommanderError } from 'commander';
import { auditReportCommand } from './audit-report/audit-report.command';
import { backfillCommand } from './backfill/backfill.command';
import { costCommand } from './cost/cost.command';
import { drillCommand } from './drill/drill.command';
import { decideCommand, startCommand } from './gate/decide.command';
import { initCommand } from './init/init.command';
import { preflightCommand } from './preflight/preflight.command';
import { removeCommand } from './remove/remove.command';
import { verifyCommand } from './verify/verify.command';
import { namedCauseOf } from '../kernel/cause';

/** Exit code for wrong arguments; 1 is for what a command found wrong. */
const usageCode = 2;

async function main(): Promise<void> {
  const program = new Command('cdk-multi-region-payments')
    .description('Commands around a system of cdk-multi-region-payments')
    .addCommand(initCommand())
    .addCommand(drillCommand())
    .addCommand(preflightCommand())
    .addCommand(removeCommand())
    .addCommand(decideCommand('approve'))
    .addCommand(decideCommand('reject'))
    .addCommand(startCommand())
    .addCommand(costCommand())
    .addCommand(verifyCommand())
    .addCommand(backfillCommand())
    .addCommand(auditReportCommand());
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, '')) });
  }
  try {
    await program.parseAsync();
  } catch (error) {
    // Help and version end this way too, with 0.
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : usageCode;
    else throw error;
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${namedCauseOf(error)}\n`);
  process.exitCode = 1;
});
