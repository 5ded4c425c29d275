import { Duration } from 'aws-cdk-lib';
import { Alias, Function, IFunction, Version } from 'aws-cdk-lib/aws-lambda';
import { consumerLeaseMs } from '../contract';
import { IdempotentConsumerProps } from './consumer-props';
import { PropProblem } from '../../cdk/checks/invalid-props';
import { relationProblem, timeRelations } from '../../cdk/checks/time-relations';
import { sourceProblem } from '../mesh/event-sources';

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
  const { consumerName, maxAttempts = 5, maxConcurrency = 10, remember } = props;
  if (!namePattern.test(consumerName)) {
    return {
      prop: 'consumerName',
      given: `'${consumerName}'`,
      allowed: '2 to 30 lower-case letters, digits and hyphens, a letter first',
      mend: 'rename it',
    };
  }
  const problem = sourcesProblem(props.sources);
  if (problem) return problem;
  const timeout = timeoutOf(props);
  if (timeout.toMilliseconds() < 1_000 || timeout.toMilliseconds() > 300_000) {
    return {
      prop: 'handlerTimeout',
      given: timeout.toHumanString(),
      allowed: '1 second to 5 minutes',
      mend: 'leave it out for 15 seconds',
    };
  }
  const unsuitable = roleProblem(props, isWrapped) ?? functionProblem(props, isWrapped);
  if (unsuitable) return unsuitable;
  const days = remember?.toDays({ integral: false }) ?? 30;
  if (!(Number.isInteger(days) && days >= 15 && days <= 3650)) {
    return {
      prop: 'remember',
      given: `${days} days`,
      allowed: '15 to 3650 whole days: a dead-letter queue keeps a copy for 14',
      mend: 'leave it out for 30 days',
    };
  }
  const bounded: [string, number, number, number][] = [
    ['maxAttempts', maxAttempts, 1, 100],
    ['maxConcurrency', maxConcurrency, 2, 1_000],
  ];
  const outside = bounded.find(([, value, least, most]) => !(Number.isInteger(value) && value >= least && value <= most));
  return (
    outside && { prop: outside[0], given: `${outside[1]}`, allowed: `${outside[2]} to ${outside[3]}`, mend: 'leave it out for the default' }
  );
}

/** A wrapped handler reads the queue and writes the inbox itself: its role is given these rights. */
function roleProblem({ handler }: IdempotentConsumerProps, isWrapped: boolean): PropProblem | undefined {
  if (!isWrapped || handler.role !== undefined) return undefined;
  return {
    prop: 'handler',
    given: `${handler.node.path}, imported without its role`,
    allowed: 'with ConsumerHandling.WRAPPED a function whose role is known: it is given rights on queue and inbox',
    mend: 'import it by Function.fromFunctionAttributes with functionArn and role, or let it be called with ConsumerHandling.INVOKE',
  };
}

const lambdaDefaultSeconds = 3;

/** The function behind an alias or a version, whose settings they have; undefined where it is imported. */
export function functionBehind(handler: IFunction): Function | undefined {
  if (handler instanceof Function) return handler;
  return handler instanceof Alias || handler instanceof Version ? functionBehind(handler.lambda) : undefined;
}

/** Lambda's advice is six times the function's timeout. A second copy does no harm here, and a retry should not wait so long. */
export function queueVisibility(props: IdempotentConsumerProps, called: boolean): Duration {
  return Duration.seconds(2 * functionTimeout(props, called).toSeconds());
}

function functionProblem(props: IdempotentConsumerProps, isWrapped: boolean): PropProblem | undefined {
  const own = timeoutSecondsOf(props.handler);
  const { leaseInFunction, functionInVisibility, functionInHandler } = timeRelations;
  if (!isWrapped) {
    const longer = timeoutOf(props).toMilliseconds() / 1_000;
    return relationProblem(functionInHandler, 'handlerTimeout', { shorter: own, longer }, "raise it, or lower the function's timeout");
  }
  const { lease, visibility, best } = wrappedSeconds(props);
  const mend = `give the function a timeout from ${lease} to ${visibility} seconds, best ${best}, or change handlerTimeout`;
  return (
    relationProblem(leaseInFunction, 'handler', { shorter: lease, longer: own }, mend) ??
    relationProblem(functionInVisibility, 'handler', { shorter: own, longer: visibility }, mend)
  );
}

/** What must be set elsewhere for a wrapped function whose timeout is not known here; undefined where it is known. */
export function unknownTimeoutWarning(props: IdempotentConsumerProps): string | undefined {
  if (timeoutSecondsOf(props.handler) !== undefined) return undefined;
  const { lease, visibility, best } = wrappedSeconds(props);
  return (
    `the timeout of the wrapped handler ${props.handler.node.path} is not known here: it must be from ${lease} to ${visibility} ` +
    `seconds, best ${best}. ` +
    'With less time the handler is never called, and every event goes to the dead-letter queue'
  );
}

function wrappedSeconds(props: IdempotentConsumerProps): { readonly lease: number; readonly visibility: number; readonly best: number } {
  return {
    lease: consumerLeaseMs(timeoutOf(props).toMilliseconds(), false) / 1_000,
    visibility: queueVisibility(props, false).toSeconds(),
    best: functionTimeout(props, false).toSeconds(),
  };
}

function timeoutSecondsOf(handler: IFunction): number | undefined {
  const behind = functionBehind(handler);
  if (!behind || behind.timeout?.isUnresolved()) return undefined;
  return behind.timeout ? behind.timeout.toMilliseconds() / 1_000 : lambdaDefaultSeconds;
}

function sourcesProblem(sources?: string[]): PropProblem | undefined {
  if (sources === undefined) return undefined;
  if (sources.length < 1 || sources.length > mostSources) {
    return {
      prop: 'sources',
      given: `${sources.length} of them`,
      allowed: `1 to ${mostSources}`,
      mend: "name the sources whose events the handler handles, or leave it out for the ledger's",
    };
  }
  return sources.map((source) => sourceProblem('sources', source)).find((problem) => problem !== undefined);
}
