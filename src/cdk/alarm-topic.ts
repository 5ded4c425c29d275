import { Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';

/**
 * Lets the alarms of a scope's account publish to a topic, which `SnsAction` does not: a topic with a policy of its own, as `enforceSSL`
 * gives it, admits nobody else, and a key asks for CloudWatch itself. A topic or key of another app stays as it is.
 */
export function admitAlarms(scope: Construct, topic: ITopic): void {
  const ofOwnAccount = {
    principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
    conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(scope).account } },
  };
  topic.addToResourcePolicy(new PolicyStatement({ actions: ['sns:Publish'], resources: [topic.topicArn], ...ofOwnAccount }));
  topic.masterKey?.addToResourcePolicy(
    new PolicyStatement({ actions: ['kms:Decrypt', 'kms:GenerateDataKey*'], resources: ['*'], ...ofOwnAccount }),
  );
}
