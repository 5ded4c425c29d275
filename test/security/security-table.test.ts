import { readFileSync } from 'node:fs';
import { conditionsHold, isAllowed, matches, RequestContext } from './policy-evaluator';
import { Conditions, Grant, grantsOf, rolesOf } from '../../tools/security/grants';
import { grantsIn, leftOut, readTable, rowsOf } from '../../tools/security/table';
import { Deployment, deployments, Resolver } from '../../tools/security/templates';
import { reasons, wildcardsIn } from '../../tools/security/wildcards';
import { renderSecurityTable, securityTableFile } from '../../tools/security-table';

jest.setTimeout(300_000);
const all = deployments();
const committed = readFileSync(securityTableFile, 'utf8');
const rows = readTable(committed);

/** What nobody may do unless the table says so, besides every action that it names. */
const sensitive = [
  'lambda:InvokeFunction',
  'lambda:UpdateFunctionCode',
  'events:PutEvents',
  'events:PutRule',
  'events:PutTargets',
  'sqs:SendMessage',
  'sqs:ReceiveMessage',
  'sqs:DeleteMessage',
  'sqs:PurgeQueue',
  'sns:Publish',
  'states:StartExecution',
  'states:StopExecution',
  'states:SendTaskSuccess',
  'states:SendTaskFailure',
  'states:SendTaskHeartbeat',
  'states:GetExecutionHistory',
  'states:UpdateStateMachine',
  'ssm:PutParameter',
  'ssm:DeleteParameter',
  'kms:Sign',
  'kms:GenerateMac',
  'kms:Encrypt',
  'kms:Decrypt',
  'kms:CreateGrant',
  'kms:PutKeyPolicy',
  'kms:ScheduleKeyDeletion',
  'dynamodb:GetItem',
  'dynamodb:BatchGetItem',
  'dynamodb:Query',
  'dynamodb:Scan',
  'dynamodb:PutItem',
  'dynamodb:UpdateItem',
  'dynamodb:DeleteItem',
  'dynamodb:BatchWriteItem',
  'dynamodb:PartiQLUpdate',
  'dynamodb:DeleteTable',
  'route53:ChangeResourceRecordSets',
  'secretsmanager:GetSecretValue',
  'iam:PassRole',
  'sts:AssumeRole',
];

const serviceOf = (action: string): string => action.split(':')[0];

interface Universe {
  readonly principals: readonly string[];
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly contexts: ReadonlyMap<string, readonly RequestContext[]>;
}

/** Everything in the app that can be named, and what lies beside it. */
function universeOf(deployment: Deployment, grants: readonly Grant[]): Universe {
  const made = deployment.stacks.flatMap((stack) => Object.keys(stack.resources).map((id) => new Resolver(stack).arn(id)));
  const patterns = [...new Set(grants.flatMap(({ resources }) => resources))];
  const instances = patterns.map((pattern) => pattern.replace(/[*?]/g, 'x'));
  const beside = instances.flatMap((instance) => [`${instance}-other`, instance.replace(/(?<=:)[a-z]{2}-[a-z]+-\d(?=:)/, 'ap-south-1')]);
  const resources = new Set([...made, ...instances, ...beside]);
  const actions = new Set([...sensitive, ...grants.flatMap((grant) => grant.actions).filter((action) => !/[*?]/.test(action))]);
  const contexts = new Map<string, RequestContext[]>();
  for (const { actions: named, conditions } of grants) {
    for (const service of new Set(named.map(serviceOf))) {
      contexts.set(service, [...(contexts.get(service) ?? [{}]), ...contextsOf(conditions)]);
    }
  }
  const once = (some: readonly RequestContext[]): RequestContext[] => [...new Map(some.map((one) => [JSON.stringify(one), one])).values()];
  const unique = [...contexts].map(([service, some]): [string, RequestContext[]] => [service, once(some)]);
  const services = grants.map(({ principal }) => principal).filter((name) => name.endsWith('.amazonaws.com'));
  const principals = new Set([...rolesOf(deployment).map(({ arn }) => arn), 'arn:aws:iam::111122223333:role/stranger', ...services]);
  return { principals: [...principals], actions: [...actions], resources: [...resources], contexts: new Map(unique) };
}

/** A request that meets the conditions, and for each key one without it and one with another value. */
function contextsOf(conditions: Conditions): RequestContext[] {
  const entries = Object.entries(conditions)
    .filter(([operator]) => operator !== 'Null')
    .flatMap(([, block]) => Object.entries(block));
  const met = Object.fromEntries(entries.map(([key, values]) => [key.toLowerCase(), [values].flat()[0].replace(/[*?]/g, 'x')]));
  return [
    met,
    ...Object.keys(met).flatMap((key) => {
      const { [key]: _left, ...rest } = met;
      return [rest, { ...rest, [key]: 'other' }];
    }),
  ];
}

const sayings = new WeakMap<Grant, string>();

/** What grants say beside their actions and resources, in one order. */
function sayingsOf(grants: readonly Grant[]): string {
  const saying = (grant: Grant): string => {
    const { principal, by, effect, conditions } = grant;
    const told =
      sayings.get(grant) ??
      JSON.stringify([
        [principal, by, effect],
        Object.entries(conditions)
          .flatMap(([operator, block]) =>
            Object.entries(block).map(([key, values]) => JSON.stringify([operator, key, [values].flat().sort()])),
          )
          .sort(),
      ]);
    sayings.set(grant, told);
    return told;
  };
  return [...new Set(grants.map(saying))].sort().join('\n');
}

/** Every question about some principals on which two sets of grants disagree. */
function differences(deployment: Deployment, templates: readonly Grant[], table: readonly Grant[], who = /./): string[] {
  const { principals, actions, resources, contexts } = universeOf(deployment, [...templates, ...table]);
  const found: string[] = [];
  for (const principal of principals.filter((one) => who.test(one))) {
    const ofPrincipal = ({ by, principal: named }: Grant): boolean => by === 'resource' || named === principal;
    const [its, told] = [templates.filter(ofPrincipal), table.filter(ofPrincipal)];
    for (const action of actions) {
      const about = (grants: readonly Grant[]): Grant[] =>
        grants.filter(({ actions: named }) => named.some((pattern) => matches(pattern, action)));
      const [byAction, toldByAction] = [about(its), about(told)];
      for (const resource of resources) {
        if (!resource.startsWith(`arn:aws:${serviceOf(action)}:`)) continue;
        const on = (grants: readonly Grant[]): Grant[] =>
          grants.filter(({ resources: named }) => named.some((pattern) => matches(pattern, resource)));
        const [given, said] = [on(byAction), on(toldByAction)];
        // The same statements decide the same, whatever the request carries.
        if (sayingsOf(given) === sayingsOf(said)) continue;
        for (const context of contexts.get(serviceOf(action)) ?? [{}]) {
          const request = { principal, action, resource, context };
          const [is, says] = [isAllowed(given, request), isAllowed(said, request)];
          if (is !== says) {
            found.push(
              `${principal} ${is ? 'may' : 'may not'} ${action} on ${resource} with ${JSON.stringify(context)}: the table says otherwise`,
            );
          }
        }
      }
    }
  }
  return found;
}

const watched = (grants: readonly Grant[]): Grant[] =>
  grants
    .map((grant) => ({ ...grant, actions: grant.actions.filter((action) => !leftOut.test(action)) }))
    .filter(({ actions }) => actions.length > 0);

test('docs/security-table.md is what the templates say: npx tsx tools/security-table.ts writes it anew', () => {
  expect(renderSecurityTable(all)).toBe(committed);
});

test('the document holds every row whole: what is read back is what was written', () => {
  const plain = (some: ReturnType<typeof rowsOf>): unknown =>
    some.map(({ conditions, ...row }) => ({
      ...row,
      conditions: Object.entries(conditions).flatMap(([operator, block]) =>
        Object.entries(block).map(([key, values]) => [operator, key, [values].flat()]),
      ),
    }));
  expect(plain(rows)).toEqual(
    plain([...rowsOf(all).filter(({ by }) => by === 'identity'), ...rowsOf(all).filter(({ by }) => by === 'resource')]),
  );
});

describe.each(all.map((deployment) => [deployment.letter, deployment] as const))('in deployment %s', (_letter, deployment) => {
  const templates = watched(grantsOf(deployment));
  const table = grantsIn(rows, deployment);

  test('every role may do exactly what the table says, and everybody else nothing', () => {
    expect(differences(deployment, templates, table)).toEqual([]);
  });

  test('each condition decides: without what it names, or with another value, its grant alone allows nothing', () => {
    const conditional = table.filter(({ effect, conditions }) => effect === 'Allow' && Object.keys(conditions).length > 0);
    expect(conditional.length).toBeGreaterThan(10);
    for (const { conditions, ...grant } of conditional) {
      const [met, ...unmet] = contextsOf(conditions);
      expect([grant, conditionsHold(conditions, met)]).toEqual([grant, true]);
      const negative = unmet.filter((context) => !conditionsHold(conditions, context));
      // A key that says nothing passes 'ForAllValues': then only another value is refused.
      expect(negative.length).toBeGreaterThanOrEqual(Object.keys(met).length);
    }
  });
});

test('one grant more, or one that says more, is found, by the table and by the evaluation', () => {
  const migration = all.find(({ letter }) => letter === 'M')!;
  const spoiled = (change: (document: any) => void, logicalId: RegExp): Deployment => {
    const stacks = structuredClone(migration.stacks) as any[];
    const [resource] = stacks
      .flatMap(({ resources }) => Object.entries<any>(resources))
      .filter(([id, { Type }]) => Type === 'AWS::IAM::Policy' && logicalId.test(id))
      .map(([, one]) => one);
    change(resource.Properties.PolicyDocument);
    return { ...migration, stacks };
  };
  const plants: Readonly<Record<string, [RegExp, (document: any) => void, RegExp]>> = {
    'another action': [
      /^ApiFunctionsTransactions/,
      (document) =>
        document.Statement.push({
          Effect: 'Allow',
          Action: 'dynamodb:DeleteItem',
          Resource: 'arn:aws:dynamodb:us-east-1:111122223333:table/acme-pay-ledger',
        }),
      /Transactions.* may dynamodb:DeleteItem/,
    ],
    'another resource': [
      /^CutoverSteps/,
      (document) =>
        document.Statement.push({
          Effect: 'Allow',
          Action: 'ssm:PutParameter',
          Resource: 'arn:aws:ssm:eu-central-1:111122223333:parameter/else',
        }),
      /Steps.* may ssm:PutParameter on .*else/,
    ],
    'a wildcard': [
      /^GateRequest/,
      (document) => document.Statement.push({ Effect: 'Allow', Action: 'states:*', Resource: '*' }),
      /Request.* may states:StartExecution/,
    ],
    'a condition less': [
      /^ApiFunctionsHealth/,
      (document) =>
        document.Statement.forEach((one: any) => {
          delete one.Condition;
        }),
      /Health.* may kms:Decrypt/,
    ],
    'a deny less': [
      /^CutoverSteps/,
      (document) => {
        document.Statement = document.Statement.filter((one: any) => one.Effect === 'Allow');
      },
      /Steps.* may ssm:PutParameter .*"ssm:overwrite":"true"/,
    ],
  };
  for (const [name, [logicalId, change, expected]] of Object.entries(plants)) {
    const planted = spoiled(change, logicalId);
    expect([
      name,
      differences(planted, watched(grantsOf(planted)), grantsIn(rows, planted), new RegExp(expected.source.split('.*')[0])).some((one) =>
        expected.test(one),
      ),
    ]).toEqual([name, true]);
    expect(renderSecurityTable(all.map((one) => (one.letter === 'M' ? planted : one)))).not.toBe(committed);
  }
});

test('every queue takes the dead letters of the queue that names it, and of no other: SQS moves them without asking any policy', () => {
  for (const deployment of all) {
    for (const stack of deployment.stacks) {
      const resolver = new Resolver(stack);
      const queues = Object.entries<any>(stack.resources).filter(([, { Type }]) => Type === 'AWS::SQS::Queue');
      for (const [id, { Properties }] of queues) {
        const sources = queues
          .filter(([, other]) => JSON.stringify(other.Properties.RedrivePolicy ?? {}).includes(`"${id}"`))
          .map(([other]) => resolver.arn(other));
        const { redrivePermission, sourceQueueArns = [] } = Properties.RedriveAllowPolicy ?? {};
        expect([deployment.letter, id, redrivePermission, resolver.value(sourceQueueArns)]).toEqual([
          deployment.letter,
          id,
          sources.length === 0 ? 'denyAll' : 'byQueue',
          sources,
        ]);
      }
    }
  }
});

test('every wildcard that allows something has a reason, and no reason is left over', () => {
  expect(wildcardsIn(rows)).toEqual(Object.keys(reasons).sort());
});

describe('the evaluator decides as IAM does', () => {
  const role = 'arn:aws:iam::111122223333:role/r';
  const key = 'arn:aws:kms:eu-central-1:111122223333:key/k';
  const queue = 'arn:aws:sqs:eu-central-1:111122223333:q';
  const grant = (change: Partial<Grant>): Grant => ({
    principal: role,
    effect: 'Allow',
    actions: ['sqs:SendMessage'],
    resources: [queue],
    conditions: {},
    by: 'identity',
    ...change,
  });
  const asks = (grants: Grant[], action = 'sqs:SendMessage', resource = queue, context: RequestContext = {}): boolean =>
    isAllowed(grants, { principal: role, action, resource, context });

  test('a deny anywhere ends it, nothing said is no', () => {
    expect([
      asks([]),
      asks([grant({})]),
      asks([grant({}), grant({ effect: 'Deny' })]),
      asks([grant({}), grant({ effect: 'Deny', principal: 'anybody', by: 'resource' })]),
    ]).toEqual([false, true, false, false]);
    expect(asks([grant({ principal: 'arn:aws:iam::111122223333:role/other' })])).toBe(false);
  });

  test("a resource's policy allows whom it names; the account it only allows to decide", () => {
    expect([
      asks([grant({ by: 'resource' })]),
      asks([grant({ by: 'resource', principal: 'account' })]),
      asks([grant({ by: 'resource', principal: 'anybody' })]),
    ]).toEqual([true, false, true]);
  });

  test('a key asks its own policy in any case', () => {
    const sign = grant({ actions: ['kms:Sign'], resources: [key] });
    const account = grant({ actions: ['kms:Sign'], resources: [key], by: 'resource', principal: 'account' });
    const ask = (...grants: Grant[]): boolean => asks(grants, 'kms:Sign', key);
    expect([
      ask(sign),
      ask(account),
      ask(sign, account),
      ask({ ...sign, by: 'resource' }),
      ask(sign, { ...account, actions: ['kms:Verify'] }),
    ]).toEqual([false, false, true, true, false]);
  });

  test.each<[Conditions, RequestContext, boolean]>([
    [{ StringEquals: { 'events:source': 'a' } }, {}, false],
    [{ StringEquals: { 'events:source': ['a', 'b'] } }, { 'events:source': 'b' }, true],
    [{ StringNotEquals: { k: 'a' } }, {}, true],
    [{ StringNotEquals: { k: ['a', 'b'] } }, { k: 'b' }, false],
    [{ StringEqualsIfExists: { k: 'a' } }, {}, true],
    [{ 'ForAllValues:StringLike': { k: 'u#*' } }, {}, true],
    [{ 'ForAllValues:StringLike': { k: 'u#*' } }, { k: ['u#1', 'a#1'] }, false],
    [{ 'ForAnyValue:StringEquals': { k: 'a' } }, {}, false],
    [{ 'ForAnyValue:StringEquals': { k: 'a' } }, { k: ['b', 'a'] }, true],
    [{ Null: { k: 'false' } }, {}, false],
    [{ Null: { k: 'false' } }, { k: 'a' }, true],
    [{ Bool: { 'aws:SecureTransport': 'false' } }, {}, false],
    [{ NumericLessThan: { k: '1.2' } }, { k: '1.1' }, true],
    [{ NumericLessThan: { k: '1.2' } }, { k: '1.2' }, false],
    [{ NumericLessThan: { k: '1.2' } }, {}, false],
    [{ ArnLike: { k: 'arn:aws:events:*:1:rule/a/*' } }, { k: 'arn:aws:events:x:1:rule/a/b' }, true],
    [{ ArnLike: { k: 'arn:aws:*:rule/a' } }, { k: 'arn:aws:events:x:1:rule/a' }, false],
  ])('%j with %j: %s', (conditions, context, expected) => {
    expect(conditionsHold(conditions, context)).toBe(expected);
  });

  test.each<[string, string, boolean]>([
    ['a*c', 'abbc', true],
    ['a*c', 'abbd', false],
    ['*', '', true],
    ['a?c', 'abc', true],
    ['a?c', 'ac', false],
    ['*a*b', 'xaxxb', true],
    ['a', 'ab', false],
  ])('%s on %s: %s', (pattern, text, expected) => {
    expect(matches(pattern, text)).toBe(expected);
  });
});
