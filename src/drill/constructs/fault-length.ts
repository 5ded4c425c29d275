import { Construct } from 'constructs';
import { describeProblem } from '../../cdk/checks/invalid-props';
import { Notes } from '../../cdk/checks/notes';
import { mayShareAccount } from '../../cdk/checks/one-account';
import { DrillPlan, mayFault } from '../contract';

interface NotedFault {
  readonly scope: Construct;
  readonly systemName: string;
  readonly region: string;
  readonly longestSeconds: number;
}

const noted = new Notes<NotedFault>();

/** Lets the drill of the region know how long its experiments last at most. */
export function noteFault(scope: Construct, fault: Omit<NotedFault, 'scope'>): void {
  noted.of(scope).push({ scope, ...fault });
}

/** Refuses at synthesis a drill by fault that may still need its experiment when that ends by itself. Another app's is not seen. */
export function outlastedByFault(scope: Construct, plan: DrillPlan): void {
  const { systemName, drilled, longestSeconds } = plan;
  if (!mayFault(plan)) return;
  const isShorter = (fault: NotedFault): boolean =>
    fault.systemName === systemName &&
    fault.region === drilled &&
    fault.longestSeconds < longestSeconds &&
    mayShareAccount(fault.scope, scope);
  scope.node.addValidation({
    validate: () =>
      noted
        .of(scope)
        .filter(isShorter)
        .slice(0, 1)
        .map((fault) =>
          describeProblem({
            prop: 'longest',
            given:
              `${longestSeconds} seconds, while an experiment of ${fault.scope.node.path} lasts for ` +
              `${fault.longestSeconds} seconds at most`,
            allowed: `${fault.longestSeconds} seconds at most: an experiment that ends before its drill fails it`,
            mend: 'give the RegionFault a longer time (longest), or this drill a shorter one',
          }),
        ),
  });
}
