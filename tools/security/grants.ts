/** Everything that policies in templates allow or deny, one statement a grant. */
import { accountId, DeployedStack, Deployment, placeOf, Resolver } from './templates';

export type Conditions = Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;

export interface Grant {
  /** ARN of a role, `account` (whoever an identity policy lets), `anybody`, or a service such as `events.amazonaws.com`. */
  readonly principal: string;
  readonly effect: 'Allow' | 'Deny';
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly conditions: Conditions;
  /** In whose policy it stands. */
  readonly by: 'identity' | 'resource';
}

/** A role, and who takes it on. */
export interface RoleOfStack {
  readonly arn: string;
  readonly stack: DeployedStack;
  readonly place: string;
  readonly trust: readonly Grant[];
}

/** AWS's own policies that roles have: log groups alone. */
const managedForLogs = /:policy\/service-role\/(AWSLambdaBasicExecutionRole|AmazonAPIGatewayPushToCloudWatchLogs)$/;

export function rolesOf({ stacks }: Deployment): RoleOfStack[] {
  return stacks.flatMap((stack) =>
    idsOf(stack, 'AWS::IAM::Role').map((id) => {
      const arn = new Resolver(stack).arn(id);
      const role = scoped(arn, stack);
      const { AssumeRolePolicyDocument: trust } = stack.resources[id].Properties!;
      return { arn: role, stack, place: placeOf(stack, id), trust: statements(stack, trust, { resources: [role] }) };
    }),
  );
}

export function grantsOf({ stacks }: Deployment): Grant[] {
  return stacks.flatMap((stack) => [...identityGrants(stack), ...resourceGrants(stack)]);
}

/** Roles of two regions may have one place: a name that CloudFormation makes up is told by its stack. */
function scoped(arn: string, { name }: DeployedStack): string {
  return arn.replace('role/<', `role/<${name}/`);
}

const idsOf = ({ resources }: DeployedStack, type: string): string[] => Object.keys(resources).filter((id) => resources[id].Type === type);

function identityGrants(stack: DeployedStack): Grant[] {
  const resolver = new Resolver(stack);
  const roleArn = (id: string): string => scoped(resolver.arn(id), stack);
  const attached = ['AWS::IAM::Policy', 'AWS::IAM::ManagedPolicy', 'AWS::IAM::RolePolicy']
    .flatMap((type) => idsOf(stack, type))
    .flatMap((id) => {
      const { PolicyDocument: document, Roles: roles = [], RoleName: role } = stack.resources[id].Properties!;
      return [...roles, ...(role ? [role] : [])].flatMap((one: { Ref?: string }) => {
        if (one.Ref === undefined) {
          throw new Error(
            `${stack.name}: policy ${id} is on a role that is not a reference: say in tools/security/grants.ts whose role it is`,
          );
        }
        return statements(stack, document, { principal: roleArn(one.Ref) });
      });
    });
  const own = idsOf(stack, 'AWS::IAM::Role').flatMap((id) => {
    const { Policies: inline = [], ManagedPolicyArns: managed = [] } = stack.resources[id].Properties!;
    for (const arn of resolver.value(managed) as string[]) {
      if (!managedForLogs.test(arn)) {
        throw new Error(`${stack.name}: role ${id} has the managed policy ${arn}: say in tools/security/grants.ts what it allows`);
      }
    }
    return inline.flatMap(({ PolicyDocument: document }: any) => statements(stack, document, { principal: roleArn(id) }));
  });
  return [...attached, ...own];
}

function resourceGrants(stack: DeployedStack): Grant[] {
  const resolver = new Resolver(stack);
  const properties = (id: string): any => stack.resources[id].Properties!;
  /** A queue or topic as a policy names it: by Ref. */
  const arnsOf = (refs: readonly { Ref: string }[]): string[] => refs.map(({ Ref }) => resolver.arn(Ref));
  const busArn = (name: unknown): string => `arn:aws:events:${stack.region}:${accountId}:event-bus/${resolver.value(name)}`;
  const of = (type: string, grants: (id: string) => Grant[]): Grant[] => idsOf(stack, type).flatMap(grants);
  return [
    ...of('AWS::SQS::QueuePolicy', (id) => statements(stack, properties(id).PolicyDocument, { resources: arnsOf(properties(id).Queues) })),
    ...of('AWS::SNS::TopicPolicy', (id) => statements(stack, properties(id).PolicyDocument, { resources: arnsOf(properties(id).Topics) })),
    ...of('AWS::S3::BucketPolicy', (id) =>
      statements(stack, properties(id).PolicyDocument, { resources: [resolver.arn(properties(id).Bucket.Ref as string)] }),
    ),
    ...of('AWS::Events::EventBusPolicy', (id) =>
      statements(stack, { Statement: [busStatement(properties(id))] }, { resources: [busArn(properties(id).EventBusName)] }),
    ),
    ...of('AWS::KMS::Key', (id) => statements(stack, properties(id).KeyPolicy, { resources: [resolver.arn(id)] })),
    ...of('AWS::SecretsManager::ResourcePolicy', (id) =>
      statements(stack, properties(id).ResourcePolicy, { resources: [String(resolver.value(properties(id).SecretId))] }),
    ),
    ...of('AWS::Lambda::Permission', (id) => [permission(resolver.value(properties(id)))]),
    ...['AWS::DynamoDB::Table', 'AWS::DynamoDB::GlobalTable'].flatMap((type) =>
      of(type, (id) =>
        [properties(id).ResourcePolicy, ...(properties(id).Replicas ?? []).map((replica: any) => replica.ResourcePolicy)]
          .filter(Boolean)
          .flatMap((policy: any) => statements(stack, policy.PolicyDocument, { resources: [resolver.arn(id)] })),
      ),
    ),
  ];
}

/** A bus's policy says its one statement whole, or in three properties. */
function busStatement({ Statement, Action, Principal, Condition, StatementId }: any): any {
  if (Statement) return Statement;
  return {
    Sid: StatementId,
    Effect: 'Allow',
    Action,
    Principal: Principal === '*' ? '*' : { AWS: Principal },
    ...(Condition ? { Condition: { [Condition.Type]: { [Condition.Key]: Condition.Value } } } : {}),
  };
}

function permission({ Action, FunctionName, Principal, SourceArn, SourceAccount, PrincipalOrgID }: any): Grant {
  if (PrincipalOrgID !== undefined) {
    throw new Error(`a permission on ${FunctionName} is for an organisation: say in tools/security/grants.ts what that means`);
  }
  const arn = String(FunctionName).startsWith('arn:') ? String(FunctionName) : `arn:aws:lambda:*:${accountId}:function:${FunctionName}`;
  return {
    principal: principalOf(/^arn:|^\d{12}$/.test(Principal) ? { AWS: Principal } : Principal === '*' ? '*' : { Service: Principal })[0],
    effect: 'Allow',
    by: 'resource',
    actions: [Action],
    resources: [arn],
    conditions: {
      ...(SourceArn ? { ArnLike: { 'aws:SourceArn': SourceArn } } : {}),
      ...(SourceAccount ? { StringEquals: { 'aws:SourceAccount': SourceAccount } } : {}),
    },
  };
}

function statements(stack: DeployedStack, document: any, known: { principal?: string; resources?: string[] }): Grant[] {
  const resolver = new Resolver(stack);
  return [document?.Statement ?? []].flat().flatMap((raw: any) => {
    const { Effect, Action, Resource, Principal, Condition, ...rest } = scopedRoles(resolver.value(raw), raw, stack);
    const unknown = Object.keys(rest).filter((name) => name !== 'Sid');
    if (unknown.length > 0) {
      throw new Error(`${stack.name}: a statement has ${unknown.join(', ')}: say in tools/security/grants.ts what it means`);
    }
    const named = known.resources !== undefined;
    const resources = Resource === undefined || (named && Resource === '*') ? known.resources! : ([Resource].flat() as string[]);
    const principals = known.principal === undefined ? principalOf(Principal) : [known.principal];
    return principals.map((principal): Grant => ({
      principal,
      effect: Effect,
      actions: [Action].flat().sort(),
      resources,
      conditions: asTexts(Condition ?? {}),
      by: named ? 'resource' : 'identity',
    }));
  });
}

/** A template may have a number where IAM reads its text. */
function asTexts(conditions: Readonly<Record<string, Readonly<Record<string, unknown>>>>): Conditions {
  return JSON.parse(
    JSON.stringify(conditions, (_key, value: unknown) => (typeof value === 'number' ? String(value) : value)),
  ) as Conditions;
}

/** Roles that a statement names by reference are those of its own stack. */
function scopedRoles(value: any, raw: any, stack: DeployedStack): any {
  return raw.Principal === undefined
    ? value
    : { ...value, Principal: JSON.parse(JSON.stringify(value.Principal).replaceAll('role/<', `role/<${stack.name}/`)) };
}

function principalOf(principal: any): string[] {
  if (principal === '*') return ['anybody'];
  return Object.entries<any>(principal).flatMap(([kind, names]) =>
    [names].flat().map((name: string) => {
      if (kind === 'Service') return name;
      if (name === '*') return 'anybody';
      return name === accountId || name === `arn:aws:iam::${accountId}:root` ? 'account' : name;
    }),
  );
}
