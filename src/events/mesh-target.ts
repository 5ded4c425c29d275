import { Duration } from 'aws-cdk-lib';
import { CfnRule, IRuleRef, IRuleTarget, RuleTargetConfig } from 'aws-cdk-lib/aws-events';
import { IQueue } from 'aws-cdk-lib/aws-sqs';

/** How long EventBridge tries to deliver to a target before the event goes to the dead-letter queue. */
export interface MeshRetryOptions {
  /**
   * Age at which an event is given up, 60 seconds to 24 hours. As long as a peer's EventBridge is lost, its events wait here.
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

/** A target that never goes without a dead-letter queue and a retry policy. The queue's own policy lets every rule of the bus put into it. */
export class DeadLetteredTarget implements IRuleTarget {
  constructor(private readonly target: IRuleTarget, private readonly queue: IQueue, private readonly retry?: MeshRetryOptions) {}

  public bind(rule: IRuleRef, id?: string): RuleTargetConfig {
    const config = (this.target as { bind(rule: IRuleRef, id?: string): RuleTargetConfig }).bind(rule, id);
    return { ...config, deadLetterConfig: config.deadLetterConfig ?? { arn: this.queue.queueArn }, retryPolicy: config.retryPolicy ?? retryPolicy(this.retry) };
  }
}
