import { CutoverSight } from './operate.service';
import { cutoverName } from '../../kernel/system-names';
import { definitionOfExecution, describeExecution, givenToTask, isNoExecution } from '../../runtime/executions';

/** What is read of a definition, and of what a step is given. */
interface Definition {
  readonly States?: { readonly Plan?: { readonly Parameters?: { readonly plan?: { readonly target?: string } } } };
}
interface Given {
  readonly step?: unknown;
}

/**
 * Looks up what an execution of this system's cutover is doing, by its ARN: whatever else is named, or stands in another region than a
 * cutover of this system may, is none that is under way.
 */
export function cutoverRuns(systemName: string, regions: readonly string[]): (run: string) => Promise<CutoverSight | undefined> {
  return async (executionArn) => {
    const region = regionOfRun(executionArn, cutoverName(systemName));
    if (region === undefined || !regions.includes(region)) return undefined;
    try {
      if ((await describeExecution(region, executionArn)).status !== 'RUNNING') return undefined;
      const { step } = ((await givenToTask(region, executionArn)) ?? {}) as Given;
      const { States: states } = JSON.parse(await definitionOfExecution(region, executionArn)) as Definition;
      return { step: typeof step === 'string' ? step : undefined, target: states?.Plan?.Parameters?.plan?.target };
    } catch (error) {
      if (isNoExecution(error)) return undefined;
      throw error;
    }
  };
}

/** Region of an execution of the named state machine; undefined for anything else. */
function regionOfRun(executionArn: string, stateMachineName: string): string | undefined {
  const [arn, partition, service, region, account, kind, machine, name, ...more] = executionArn.split(':');
  const whole = arn === 'arn' && service === 'states' && kind === 'execution' && machine === stateMachineName && more.length === 0;
  const formed = /^[a-z0-9-]+$/.test(partition ?? '') && /^\d{12}$/.test(account ?? '') && /^[^\s]{1,80}$/.test(name ?? '');
  return whole && formed ? region : undefined;
}
