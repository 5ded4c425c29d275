import { Duration, Stack } from 'aws-cdk-lib';
import { CfnRule, IRuleRef, IRuleTarget, Rule, RuleTargetConfig } from 'aws-cdk-lib/aws-events';
import { EventBus } from 'aws-cdk-lib/aws-events-targets';
import { IQueue } from 'aws-cdk-lib/aws-sqs';
import { PropProblem } from '../../cdk/checks/invalid-props';
import { meshBusName } from '../contract';

/** How long EventBridge tries to deliver to a target, other than a bus, before the event goes to the dead-letter queue. */
export interface MeshRetryOptions {
  /**
   * Age at which an event is given up, 60 seconds to 24 hours.
   *
   * @default Duration.hours(24)
   */
  readonly maxEventAge?: Duration;

  /**
   * Attempts after the first one, 0 to 185.
   *
   * @default 185
   */
  readonly maxAttempts?: number;
}

/** The retry policy as CloudFormation has it, always written out. */
export function retryPolicy(options: MeshRetryOptions = {}): CfnRule.RetryPolicyProperty {
  return { maximumEventAgeInSeconds: options.maxEventAge?.toSeconds() ?? 86_400, maximumRetryAttempts: options.maxAttempts ?? 185 };
}

/** ARN of a rule on a system's bus, as text: a queue's policy that says it needs no rule to be there before. */
export function ruleArn(systemName: string, rule: Rule): string {
  const { name } = rule.node.defaultChild as CfnRule;
  return Stack.of(rule).formatArn({ service: 'events', resource: 'rule', resourceName: `${meshBusName(systemName)}/${name}` });
}

/** Whether an ARN is a bus's. */
export function isBusArn(arn: string): boolean {
  return /^arn:[^:]*:events:.*:event-bus\//.test(arn);
}

/**
 * What is wrong with the retry policy of a target; PutTargets refuses any for a bus ("Retry policy is not supported for Event bus targets",
 * CDK's `EventBusProps`).
 */
export function retryProblem(target: IRuleTarget, retry: MeshRetryOptions | undefined): PropProblem | undefined {
  if (retry === undefined) return undefined;
  if (target instanceof EventBus) {
    return {
      prop: 'retry',
      given: 'set for a bus',
      allowed: 'nothing: EventBridge takes no retry policy for a bus, and tries for 24 hours',
      mend: 'leave it out',
    };
  }
  const seconds = retry.maxEventAge?.toSeconds();
  if (seconds !== undefined && !(seconds >= 60 && seconds <= 86_400)) {
    return {
      prop: 'retry.maxEventAge',
      given: `${seconds} seconds`,
      allowed: "60 seconds to 24 hours (EventBridge's own bounds)",
      mend: 'leave it out for 24 hours',
    };
  }
  const { maxAttempts } = retry;
  return maxAttempts === undefined || (Number.isInteger(maxAttempts) && maxAttempts >= 0 && maxAttempts <= 185)
    ? undefined
    : {
        prop: 'retry.maxAttempts',
        given: `${maxAttempts}`,
        allowed: "a whole number from 0 to 185 (EventBridge's own bounds)",
        mend: 'leave it out for 185',
      };
}

/**
 * A target that never goes without a dead-letter queue and, but for a bus, a retry policy. The queue's own policy lets every rule of the
 * bus put into it.
 */
export class DeadLetteredTarget implements IRuleTarget {
  constructor(
    private readonly target: IRuleTarget,
    private readonly queue: IQueue,
    private readonly retry?: MeshRetryOptions,
  ) {}

  public bind(rule: IRuleRef, id?: string): RuleTargetConfig {
    const config = (this.target as { bind(rule: IRuleRef, id?: string): RuleTargetConfig }).bind(rule, id);
    const deadLetterConfig = config.deadLetterConfig ?? { arn: this.queue.queueArn };
    if (this.target instanceof EventBus || isBusArn(config.arn)) return { ...config, deadLetterConfig };
    return { ...config, deadLetterConfig, retryPolicy: config.retryPolicy ?? retryPolicy(this.retry) };
  }
}
