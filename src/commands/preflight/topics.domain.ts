import type { PlannedTopic, TemplateResource } from './model';

/** A stack's resources by their logical IDs, and what its texts are once its account and region are known. */
export interface TopicsStack {
  readonly region: string;
  readonly account: string;
  readonly resources: Readonly<Record<string, TemplateResource>>;
  readonly text: (value: unknown) => string | undefined;
}

const alarmTypes: readonly string[] = ['AWS::CloudWatch::Alarm', 'AWS::CloudWatch::CompositeAlarm'];

/** The topics that alarms of a region tell, by their ARNs. A topic without a name is CloudFormation's to name: it is left out. */
export function topicsOf(stacks: readonly TopicsStack[]): readonly PlannedTopic[] {
  const each = (type: string): readonly { readonly stack: TopicsStack; readonly id: string; readonly resource: TemplateResource }[] =>
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
function arnOf({ region, account, resources, text }: TopicsStack, value: unknown): string | undefined {
  const id = (value as { readonly Ref?: unknown } | undefined)?.Ref;
  const resource = typeof id === 'string' && Object.hasOwn(resources, id) ? resources[id] : undefined;
  if (resource === undefined) return text(value);
  const name = resource.Type === 'AWS::SNS::Topic' ? text(resource.Properties?.TopicName) : undefined;
  return name === undefined ? undefined : `arn:aws:sns:${region}:${account}:${name}`;
}
