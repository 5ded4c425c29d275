import { Schedule } from 'aws-cdk-lib/aws-events';
import { Construct } from 'constructs';
import { describeProblem } from '../../cdk/checks/invalid-props';
import { Notes } from '../../cdk/checks/notes';
import { mayShareAccount } from '../../cdk/checks/one-account';

interface ScheduledDrill {
  readonly scope: Construct;
  readonly systemName: string;
  readonly expression: string;
}

const scheduled = new Notes<ScheduledDrill>();

/** Refuses at synthesis two drills of a system that a clock starts at the same moment; a rate runs from its own deployment. */
export function oneDrillAtATime(scope: Construct, systemName: string, { expressionString: expression }: Schedule): void {
  const all = scheduled.of(scope);
  const earlier = expression.startsWith('cron(')
    ? all.filter((one) => one.systemName === systemName && one.expression === expression && mayShareAccount(one.scope, scope))
    : [];
  all.push({ scope, systemName, expression });
  scope.node.addValidation({
    validate: () =>
      earlier
        .slice(0, 1)
        .map(({ scope: other }) =>
          describeProblem({
            prop: 'schedule',
            given: `'${expression}' twice (also ${other.node.path})`,
            allowed: 'a time of its own for each drill of a system: two at once would take two regions away',
            mend: 'leave it out, or give another day or hour',
          }),
        ),
  });
}
