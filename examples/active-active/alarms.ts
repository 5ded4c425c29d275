import { CfnOutput, Stack, StackProps } from 'aws-cdk-lib';
import { AlarmBase } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { ITopic, Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import { Config } from './config';

const topicName = (systemName: string): string => `${systemName}-alarms`;

/** The topic of one region's alarms. It has no subscription until `alarms.email` is given, or a person subscribes a pager. */
export class AlarmsStack extends Stack {
  constructor(scope: Construct, id: string, { systemName, alarms }: Config, props: StackProps) {
    super(scope, id, props);
    const topic = new Topic(this, 'Topic', { topicName: topicName(systemName), enforceSSL: true });
    // A topic that enforces TLS has a policy, and admits only whom it names.
    topic.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [topic.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': this.account } },
      }),
    );
    if (alarms.email !== undefined) topic.addSubscription(new EmailSubscription(alarms.email));
    new CfnOutput(this, 'AlarmTopic', { description: 'Every alarm of this region is sent here', value: topic.topicArn });
  }
}

/** The topic of a stack's region. It is known by its name: the stack refers to no other one. */
export function alarmTopic(stack: Stack, { systemName, alarms }: Config): ITopic {
  const known = stack.node.tryFindChild('AlarmTopic') as ITopic | undefined;
  const topicArn = alarms.topicArns?.[stack.region] ?? stack.formatArn({ service: 'sns', resource: topicName(systemName) });
  return known ?? Topic.fromTopicArn(stack, 'AlarmTopic', topicArn);
}

/** Lets every alarm of a stack tell the topic of its region, also an alarm that is composed of others. */
export function sendAlarms(stack: Stack, config: Config): void {
  const action = new SnsAction(alarmTopic(stack, config));
  for (const construct of stack.node.findAll()) {
    if (construct instanceof AlarmBase) construct.addAlarmAction(action);
  }
}
