import { Duration } from 'aws-cdk-lib';
import { PropProblem } from './invalid-props';

/** What is wrong with a time that AWS counts in days; without one the default is taken, of so many. */
export function wholeDaysProblem(prop: string, given: Duration | undefined, defaultDays: number): PropProblem | undefined {
  const days = given?.toDays({ integral: false });
  return days === undefined || (Number.isInteger(days) && days >= 1)
    ? undefined
    : { prop, given: `${days} days`, allowed: 'one or more whole days', mend: `leave it out for ${defaultDays} days` };
}
