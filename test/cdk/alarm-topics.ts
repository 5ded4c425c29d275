import { Template } from 'aws-cdk-lib/assertions';

interface Statement {
  readonly Effect: string;
  readonly Action: string | string[];
  readonly Principal?: any;
  readonly Condition?: Record<string, Record<string, unknown>>;
}
type Resource = Record<string, any>;

const alarmTypes = ['AWS::CloudWatch::Alarm', 'AWS::CloudWatch::CompositeAlarm'];
const actionLists = ['AlarmActions', 'OKActions', 'InsufficientDataActions'];

/** Whether CloudWatch may do all of this, for alarms of the stack's own account and nobody else's. */
function admitsAlarms(statements: readonly Statement[], actions: readonly string[]): boolean {
  const ofOwnAccount = ({ Condition = {} }: Statement): boolean =>
    JSON.stringify(Object.keys(Condition)) === '["StringEquals"]' &&
    JSON.stringify(Object.keys(Condition.StringEquals)) === '["aws:SourceAccount"]';
  const allowing = statements.filter(
    (statement) => statement.Effect === 'Allow' && statement.Principal?.Service === 'cloudwatch.amazonaws.com' && ofOwnAccount(statement),
  );
  return actions.every((action) => allowing.some(({ Action }) => [Action].flat().includes(action)));
}

/** Why a topic does not take what CloudWatch's alarms send, in AWS; undefined: it does. */
function refusalOf(resources: Record<string, Resource>, topic: string): string | undefined {
  const policies = Object.values(resources).filter(
    ({ Type, Properties }) => Type === 'AWS::SNS::TopicPolicy' && Properties.Topics.some((each: Resource) => each.Ref === topic),
  );
  const statements = policies.flatMap(({ Properties }) => Properties.PolicyDocument.Statement as Statement[]);
  // Without a policy a topic has SNS's own, which admits its account; with one that is gone.
  if (policies.length > 0 && !admitsAlarms(statements, ['sns:Publish'])) return 'its policy does not admit CloudWatch';
  const key = resources[topic].Properties?.KmsMasterKeyId as unknown;
  if (key === undefined) return undefined;
  const ours = resources[(key as { 'Fn::GetAtt'?: [string] })['Fn::GetAtt']?.[0] ?? ''];
  // The policy of the key that AWS manages (alias/aws/sns) does not admit CloudWatch, and nobody can change it.
  if (!ours) return `its key ${JSON.stringify(key)} is none whose policy is known`;
  return admitsAlarms(ours.Properties.KeyPolicy.Statement as Statement[], ['kms:Decrypt', 'kms:GenerateDataKey*'])
    ? undefined
    : "its key's policy does not admit CloudWatch";
}

/** Alarms that tell of what needs no action: an end, or the first data of a new stack. */
export function needless(template: Template | object): readonly string[] {
  const resources = (template instanceof Template ? template.toJSON() : (template as Resource)).Resources as Record<string, Resource>;
  return Object.entries(resources)
    .filter(
      ([, { Type, Properties }]) =>
        alarmTypes.includes(Type as string) && ['OKActions', 'InsufficientDataActions'].some((list) => Properties[list]?.length > 0),
    )
    .map(([name]) => name);
}

/** Each action of a template's alarms: the alarm, where it leads, and why nothing arrives there, if nothing does. */
export function alarmActionsIn(
  template: Template | object,
  topics: readonly object[] = [],
): readonly { readonly alarm: string; readonly topic: string; readonly refusal?: string }[] {
  const resources = (template instanceof Template ? template.toJSON() : (template as Resource)).Resources as Record<string, Resource>;
  const alarms = Object.entries(resources).filter(([, { Type }]) => alarmTypes.includes(Type as string));
  return alarms.flatMap(([alarm, { Properties }]) =>
    actionLists
      .flatMap((list) => (Properties[list] ?? []) as { Ref?: string }[])
      .map((action) => {
        const topic = action.Ref ?? JSON.stringify(action);
        const refusal = resources[topic]?.Type === 'AWS::SNS::Topic' ? refusalOf(resources, topic) : refusalByName(topics, topic);
        return { alarm, topic, ...(refusal === undefined ? {} : { refusal }) };
      }),
  );
}

/** The same of a topic that an ARN names: it must stand in one of these templates. */
function refusalByName(topics: readonly object[], arn: string): string | undefined {
  for (const { Resources } of topics as readonly { Resources: Record<string, Resource> }[]) {
    const [id] = Object.entries(Resources).find(([, { Type, Properties }]) => {
      return Type === 'AWS::SNS::Topic' && arn.includes(`:${Properties.TopicName}"`);
    }) ?? [undefined];
    if (id !== undefined) return refusalOf(Resources, id);
  }
  return 'it is no topic of this template';
}

/** The alarms' actions that lead nowhere; `topics` are templates of the same region, with topics that are known by their names. */
export function undelivered(template: Template | object, topics: readonly object[] = []): readonly string[] {
  return alarmActionsIn(template, topics).flatMap(({ alarm, topic, refusal }) =>
    refusal === undefined ? [] : [`${alarm} to ${topic}: ${refusal}`],
  );
}

/** The region of an example's stack with alarms, by its name. */
export function regionOfStack(stack: string): string {
  return stack === 'acme-pay-edge' ? 'us-east-1' : (/[a-z]+-[a-z]+-\d$/.exec(stack)?.[0] ?? '');
}

/** The template with the topic of the region that an example's stack is in, if there is one; the stacks are known by their names. */
export function topicsBeside(stack: string, templates: Readonly<Record<string, unknown>>): readonly object[] {
  const topics = templates[`acme-pay-alarms-${regionOfStack(stack)}`] as object | undefined;
  return topics === undefined ? [] : [topics];
}
