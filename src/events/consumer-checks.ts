import { Duration } from 'aws-cdk-lib';
import { Function } from 'aws-cdk-lib/aws-lambda';
import { consumerLeaseMs } from './contract';
import { sourceProblem } from './event-sources';
import type { IdempotentConsumerProps } from './idempotent-consumer';
import { PropProblem } from '../cdk/invalid-props';

const namePattern = /^[a-z][a-z0-9-]{0,28}[a-z0-9]$/;
const mostSources = 20;

/** How long the handler may take, with its default. */
export const timeoutOf = ({ handlerTimeout }: IdempotentConsumerProps): Duration => handlerTimeout ?? Duration.seconds(15);

/** Time for two attempts one after the other, and some to begin and to answer in. `called`: the handler is a function of its own. */
export function functionTimeout(props: IdempotentConsumerProps, called: boolean): Duration {
  return Duration.seconds(Math.ceil((2 * consumerLeaseMs(timeoutOf(props).toMilliseconds(), called) + 5_000) / 1000));
}

/** What is wrong with a consumer's props; undefined when they can be meant. */
export function consumerProblem(props: IdempotentConsumerProps, isWrapped: boolean): PropProblem | undefined {
  const { consumerName, handler, maxAttempts = 5, maxConcurrency = 10, remember } = props;
  if (!namePattern.test(consumerName)) {
    return { prop: 'consumerName', given: `'${consumerName}'`, allowed: '2 to 30 lower-case letters, digits and hyphens, a letter first', mend: 'rename it' };
  }
  const problem = sourcesProblem(props.sources);
  if (problem) return problem;
  const timeout = timeoutOf(props);
  if (timeout.toMilliseconds() < 1_000 || timeout.toMilliseconds() > 300_000) {
    return { prop: 'handlerTimeout', given: timeout.toHumanString(), allowed: '1 second to 5 minutes', mend: 'leave it out for 15 seconds' };
  }
  const invoked = !isWrapped && handler instanceof Function ? handler.timeout : undefined;
  if (invoked && invoked.toMilliseconds() > timeout.toMilliseconds()) {
    return {
      prop: 'handlerTimeout',
      given: timeout.toHumanString(),
      allowed: `at least the handler's own timeout, ${invoked.toHumanString()}: a second attempt must not begin while the first runs`,
      mend: 'raise it, or lower the function\'s timeout',
    };
  }
  const days = remember?.toDays({ integral: false }) ?? 30;
  if (!(Number.isInteger(days) && days >= 15 && days <= 3650)) {
    return { prop: 'remember', given: `${days} days`, allowed: '15 to 3650 whole days: a dead-letter queue keeps a copy for 14', mend: 'leave it out for 30 days' };
  }
  const bounded: [string, number, number, number][] = [['maxAttempts', maxAttempts, 1, 100], ['maxConcurrency', maxConcurrency, 2, 1_000]];
  const outside = bounded.find(([, value, least, most]) => !(Number.isInteger(value) && value >= least && value <= most));
  return outside && { prop: outside[0], given: `${outside[1]}`, allowed: `${outside[2]} to ${outside[3]}`, mend: 'leave it out for the default' };
}

function sourcesProblem(sources?: string[]): PropProblem | undefined {
  if (sources === undefined) return undefined;
  if (sources.length < 1 || sources.length > mostSources) {
    return { prop: 'sources', given: `${sources.length} of them`, allowed: `1 to ${mostSources}`, mend: 'name those whose events the handler is for, or leave it out for the ledger\'s' };
  }
  return sources.map((source) => sourceProblem('sources', source)).find((problem) => problem !== undefined);
}
