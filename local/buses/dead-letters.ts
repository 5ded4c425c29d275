import type { GivenUp } from './delivery-line';
import type { Rights } from './rights';
import type { FabricRule, RuleTarget } from './rules';
import type { AwsApi } from '../network/aws-api';

/**
 * Puts an event that was given up into its target's dead-letter queue, as EventBridge does. Resolves to what became of it.
 * Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
 */
export async function toDeadLetters(
  api: AwsApi,
  rights: Rights,
  rule: FabricRule,
  target: RuleTarget,
  given: GivenUp,
): Promise<'sent' | 'lost' | 'none'> {
  const queue = target.deadLetterArn;
  if (queue === undefined) return 'none';
  try {
    if (await rights.queue({ region: rule.region, ruleArn: rule.arn }, queue)) return 'lost';
    const attributes: Record<string, string | undefined> = {
      RULE_ARN: rule.arn,
      TARGET_ARN: target.arn,
      ERROR_CODE: given.failure.code,
      ERROR_MESSAGE: given.failure.message.slice(0, 1000),
      EXHAUSTED_RETRY_CONDITION: given.exhausted,
      RETRY_ATTEMPTS: String(given.attempts - 1),
    };
    await api.json(rule.region, 'sqs', 'SendMessage', {
      QueueUrl: await api.queueUrl(rule.region, queue),
      MessageBody: JSON.stringify(given.event),
      MessageAttributes: Object.fromEntries(
        Object.entries(attributes)
          .filter(([, value]) => value)
          .map(([name, value]) => [name, { DataType: 'String', StringValue: value }]),
      ),
    });
    return 'sent';
  } catch {
    return 'lost';
  }
}
