import { CfnOutput, Stack, StackProps } from 'aws-cdk-lib';
import { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Topic } from 'aws-cdk-lib/aws-sns';
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

/** Lets every alarm of a stack tell the topic of its region. The topic is known by its name: the stack refers to no other one. */
export function sendAlarms(stack: Stack, { systemName, alarms }: Config): void {
  const topicArn = alarms.topicArns?.[stack.region] ?? stack.formatArn({ service: 'sns', resource: topicName(systemName) });
  const action = new SnsAction(Topic.fromTopicArn(stack, 'AlarmTopic', topicArn));
  for (const construct of stack.node.findAll()) {
    if (construct instanceof Alarm) construct.addAlarmAction(action);
  }
}
