import { fail, Judged, pass, PlannedTopic, ReadStack, TemplateResource, TopicState, warn } from './model';

/** Types of alarms in templates. */
export const alarmTypes: readonly string[] = ['AWS::CloudWatch::Alarm', 'AWS::CloudWatch::CompositeAlarm'];

/** The topics that alarms of a region tell, by their ARNs. A topic without a name is CloudFormation's to name: it is left out. */
export function topicsOf(stacks: readonly ReadStack[]): readonly PlannedTopic[] {
  const each = (type: string): readonly { readonly stack: ReadStack; readonly id: string; readonly resource: TemplateResource }[] =>
    stacks.flatMap((stack) =>
      Object.entries(stack.resources).flatMap(([id, resource]) => (resource.Type === type ? [{ stack, id, resource }] : [])),
    );
  const ownTopics = each('AWS::SNS::Topic').flatMap(({ stack, id }) => arnOf(stack, { Ref: id }) ?? []);
  const withSubscription = each('AWS::SNS::Subscription').flatMap(
    ({ stack, resource }) => arnOf(stack, resource.Properties?.TopicArn) ?? [],
  );
  const alarmTopics = alarmTypes
    .flatMap(each)
    .flatMap(({ stack, resource }) => actionsOf(resource).flatMap((action) => arnOf(stack, action) ?? []))
    .filter((arn) => arn.split(':')[2] === 'sns');
  return [...new Set(alarmTopics)]
    .sort()
    .map((arn) => ({ arn, isMade: ownTopics.includes(arn), isSubscribed: withSubscription.includes(arn) }));
}

const actionsOf = ({ Properties }: TemplateResource): readonly unknown[] =>
  (Properties?.AlarmActions as readonly unknown[] | undefined) ?? [];

/** ARN of a topic that a template refers to. */
function arnOf({ region, account, resources, text }: ReadStack, value: unknown): string | undefined {
  const id = (value as { readonly Ref?: unknown } | undefined)?.Ref;
  const resource = typeof id === 'string' && Object.hasOwn(resources, id) ? resources[id] : undefined;
  if (resource === undefined) return text(value);
  const name = resource.Type === 'AWS::SNS::Topic' ? text(resource.Properties?.TopicName) : undefined;
  return name === undefined ? undefined : `arn:aws:sns:${region}:${account}:${name}`;
}

/** Whether an alarm's message gets through a topic to a person. */
export function tellsAPerson(region: string, { arn, isMade, isSubscribed }: PlannedTopic, topic: TopicState | undefined): Judged {
  const of = arn.split(':')[3];
  if (of !== region) return fail(`it is in ${of}: CloudWatch refuses an alarm on it`, `give the alarms a topic of ${region}`);
  const to = `--region ${region} --topic-arn ${arn} --protocol email --notification-endpoint ADDRESS`;
  const subscribe = `subscribe to it: 'aws sns subscribe ${to}', and confirm the mail`;
  if (topic === undefined && !isMade) return fail('it does not exist', 'name a topic that is there, or let the app make it');
  if (topic === undefined && isSubscribed) return pass('new, with a subscription: it has to be confirmed after the deployment');
  if (topic === undefined) return warn('new, and without a subscription: alarms tell no person', `after the deployment ${subscribe}`);
  if (topic.key !== undefined && /(^|:)alias\/aws\/sns$/.test(topic.key)) {
    return fail(
      `it is encrypted with ${topic.key}: CloudWatch cannot publish to it`,
      'give the topic a key of your own, whose policy lets cloudwatch.amazonaws.com call kms:Decrypt and kms:GenerateDataKey*',
    );
  }
  if (!admitsCloudWatch(topic.policy)) {
    return warn(
      'its policy does not let CloudWatch publish',
      'let the service cloudwatch.amazonaws.com call sns:Publish in the policy of the topic',
    );
  }
  return topic.confirmed > 0
    ? pass(`${topic.confirmed} confirmed subscriptions`)
    : warn('no subscription is confirmed: alarms tell no person', subscribe);
}

interface PolicyStatement {
  readonly Effect?: unknown;
  readonly Principal?: '*' | Readonly<Record<string, string | readonly string[]>>;
  readonly Action?: string | readonly string[];
}

/** The policy of a topic that was never changed admits all of its account, '*' with a condition: CloudWatch publishes for the account. */
function admitsCloudWatch(policy: string | undefined): boolean {
  if (policy === undefined) return false;
  const { Statement = [] } = JSON.parse(policy) as { readonly Statement?: PolicyStatement | readonly PolicyStatement[] };
  return [Statement].flat().some(({ Effect, Principal = {}, Action = [] }) => {
    const { AWS = [], Service = [] } = Principal === '*' ? { AWS: '*' } : Principal;
    const isAdmitted = [AWS].flat().includes('*') || [Service].flat().includes('cloudwatch.amazonaws.com');
    return Effect === 'Allow' && isAdmitted && [Action].flat().some((action) => publishing.includes(action.toLowerCase()));
  });
}

/** Actions are compared without regard to case. */
const publishing: readonly string[] = ['sns:publish', 'sns:*', '*'];
