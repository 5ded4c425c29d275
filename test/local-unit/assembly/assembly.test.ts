import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { App, CliCredentialsStackSynthesizer, Stack, Stage, type StackProps } from 'aws-cdk-lib';
import { AttributeType, MultiRegionConsistency, StreamViewType, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { Assembly } from '../../../local/assembly/assembly';
import { errorLine } from '../../../local/assembly/synthesise';
import { tableBlueprints } from '../../../local/deploy/tables';

const account = '000000000000';
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'assembly-test-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function synthesised(define: (app: App) => void, stage?: string): Assembly {
  const app = new App({ outdir: folder, analyticsReporting: false });
  define(app);
  app.synth();
  return new Assembly(folder, account, stage);
}

function stack(scope: Construct, id: string, region: string, props: StackProps = {}): Stack {
  const made = new Stack(scope, id, { env: { account, region }, ...props });
  new Topic(made, 'Topic');
  return made;
}

test('stacks come in the order of their dependencies, with their regions', () => {
  const { plan, stacks } = synthesised((app) => {
    const api = stack(app, 'Api', 'us-west-2');
    api.addStackDependency(stack(app, 'Table', 'us-east-1'));
  });
  expect(plan.regions).toEqual(['us-east-1', 'us-west-2']);
  expect(stacks.map(({ name, dependsOn }) => [name, dependsOn])).toEqual([
    ['Table', []],
    ['Api', ['Table']],
  ]);
});

test('the account is the one that stacks name, otherwise the default', () => {
  expect(synthesised((app) => stack(app, 'Api', 'us-west-2', { env: { account: '123456789012', region: 'us-west-2' } })).accountId).toBe(
    '123456789012',
  );
  expect(synthesised((app) => stack(app, 'Api', 'us-west-2', { env: { region: 'us-west-2' } })).accountId).toBe(account);
});

test('stacks of a stage are read from its own assembly', () => {
  const { stacks } = synthesised((app) => {
    stack(new Stage(app, 'Prod'), 'Api', 'us-west-2');
  });
  expect(stacks.map(({ name, selector }) => [name, selector])).toEqual([['Prod-Api', 'Prod/Api']]);
});

describe('of an app with stages', () => {
  const accounts = { Beta: '111111111111', Prod: '222222222222' } as const;
  /** A pipeline's app: a stack of its own, and a stage for each account, with regions that only it has. */
  const pipeline = (app: App): void => {
    stack(app, 'Pipeline', 'eu-west-1', { env: { account: '999999999999', region: 'eu-west-1' } });
    for (const [id, region] of [
      ['Beta', 'us-west-2'],
      ['Prod', 'eu-central-1'],
    ] as const) {
      const stage = new Stage(app, id, { env: { account: accounts[id] } });
      const api = stack(stage, 'Api', region, { env: { account: accounts[id], region }, stackName: 'api' });
      api.addStackDependency(stack(stage, 'Data', region, { env: { account: accounts[id], region }, stackName: 'data' }));
    }
  };

  test.each(['Beta', 'Prod'] as const)('the one that is named is deployed, with its account, regions and order: %s', (name) => {
    const { stacks, plan, accountId } = synthesised(pipeline, name);
    expect(stacks.map(({ name: stackName, selector, dependsOn }) => [stackName, selector, dependsOn])).toEqual([
      ['data', `${name}/Data`, []],
      ['api', `${name}/Api`, ['data']],
    ]);
    expect(accountId).toBe(accounts[name]);
    expect(plan.regions).toEqual([name === 'Beta' ? 'us-west-2' : 'eu-central-1']);
  });

  test('what others leave open is none of its concern', () => {
    const { stacks } = synthesised((app) => {
      new Topic(new Stack(app, 'Anywhere'), 'Topic');
      stack(new Stage(app, 'Prod'), 'Api', 'us-west-2');
    }, 'Prod');
    expect(stacks.map(({ name }) => name)).toEqual(['Prod-Api']);
  });

  test('stages within it come with it; one of them can be named by its path', () => {
    const define = (app: App): void => {
      const outer = new Stage(app, 'Europe');
      stack(outer, 'Shared', 'eu-west-1');
      for (const id of ['Prod', 'Prod2']) stack(new Stage(outer, id), 'Api', 'eu-west-1');
    };
    const names = (stage?: string): string[] => {
      const { stacks } = synthesised(define, stage);
      rmSync(folder, { recursive: true });
      return stacks.map(({ name }) => name).sort();
    };
    expect(names('Europe')).toEqual(['Europe-Prod-Api', 'Europe-Prod2-Api', 'Europe-Shared']);
    expect(names()).toEqual(names('Europe'));
    expect(names('Europe/Prod')).toEqual(['Europe-Prod-Api']);
  });

  test('where none is named, one line lists those that stand side by side', () => {
    expect(() => synthesised(pipeline)).toThrow(/^the app has the stages Beta, Prod, the local run deploys one: name it with --stage$/);
  });

  test('a name that is no stage is refused with those that are', () => {
    expect(() => synthesised(pipeline, 'Pro')).toThrow(/^--stage Pro is not a stage of this app: give Beta or Prod$/);
    expect(() => synthesised((app) => stack(app, 'Api', 'us-west-2'), 'Prod')).toThrow(
      /^--stage Prod is not a stage of this app: it has none, leave the option out$/,
    );
  });
});

test.each([
  ['the default synthesizer', () => undefined, 'cdk-hnb659fds-assets-000000000000-us-west-2'],
  ['CLI credentials', () => new CliCredentialsStackSynthesizer({ fileAssetsBucketName: 'assets-${AWS::Region}' }), 'assets-us-west-2'],
])('with %s nothing is left that needs a bootstrap, and the new template is found by its hash', (_, synthesizer, bucket) => {
  const assembly = synthesised((app) => stack(app, 'Api', 'us-west-2', { synthesizer: synthesizer() }));
  const before = /s3:[^"]*/.exec(readFileSync(path.join(folder, 'manifest.json'), 'utf8'))![0];
  assembly.replaceTemplate(assembly.stacks[0], { Resources: { Other: { Type: 'AWS::SQS::Queue' } } });
  const manifest = readFileSync(path.join(folder, 'manifest.json'), 'utf8');
  const assets = readFileSync(path.join(folder, 'Api.assets.json'), 'utf8');
  expect(manifest + assets).not.toMatch(/assumeRole|executionRole|lookupRole|requiresBootstrapStackVersion|bootstrapStackVersion/i);
  const after = /s3:[^"]*/.exec(manifest)![0];
  expect(after).not.toBe(before);
  expect(path.posix.dirname(after)).toBe(path.posix.dirname(before));
  const hash = path.basename(after, '.json');
  expect(JSON.parse(assets).files[hash]).toMatchObject({ source: { path: 'Api.template.json' } });
  expect(Object.keys(JSON.parse(readFileSync(path.join(folder, 'Api.template.json'), 'utf8')).Resources)).toEqual(['Other']);
  expect(assembly.assetBuckets()).toEqual([{ region: 'us-west-2', bucket }]);
});

test('a global table is planned with mode, replicas and witness, and made elsewhere from its properties', () => {
  // TableV2 warns of its own deprecated parts.
  jest.spyOn(console, 'warn').mockImplementation(() => {});
  const { plan } = synthesised((app) => {
    new TableV2(stack(app, 'Data', 'us-east-1'), 'Ledger', {
      tableName: 'ledger',
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      dynamoStream: StreamViewType.KEYS_ONLY,
      replicas: [{ region: 'us-west-2' }],
      witnessRegion: 'us-east-2',
      multiRegionConsistency: MultiRegionConsistency.STRONG,
      globalSecondaryIndexes: [{ indexName: 'byAccount', partitionKey: { name: 'a', type: AttributeType.STRING } }],
    });
  });
  expect(plan.globalTables).toEqual([
    { name: 'ledger', mode: 'STRONG', replicas: expect.arrayContaining(['us-east-1', 'us-west-2']), witness: 'us-east-2' },
  ]);
  expect(tableBlueprints(plan, account).get('ledger')!.request).toEqual({
    TableName: 'ledger',
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [
      { AttributeName: 'pk', AttributeType: 'S' },
      { AttributeName: 'a', AttributeType: 'S' },
    ],
    KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    GlobalSecondaryIndexes: [
      { IndexName: 'byAccount', KeySchema: [{ AttributeName: 'a', KeyType: 'HASH' }], Projection: { ProjectionType: 'ALL' } },
    ],
    StreamSpecification: { StreamEnabled: true, StreamViewType: 'KEYS_ONLY' },
  });
});

describe('what cannot be run here is said in one line', () => {
  test('a stack without a region', () => {
    expect(() => synthesised((app) => new Topic(new Stack(app, 'Anywhere'), 'Topic'))).toThrow(
      "stack Anywhere names no region: give it env: { region: '...' }",
    );
  });

  test('stacks of several accounts', () => {
    expect(() =>
      synthesised((app) => {
        for (const id of ['111111111111', '222222222222']) {
          new Topic(new Stack(app, `In${id}`, { env: { account: id, region: 'eu-west-1' } }), 'Topic');
        }
      }),
    ).toThrow(
      "the app's stacks are for the accounts 111111111111, 222222222222, the local run has one: take the account from " +
        'CDK_DEFAULT_ACCOUNT, or name one stage with --stage',
    );
  });

  test('an app without stacks', () => {
    expect(() => synthesised(() => {})).toThrow('the app has no stacks: there is nothing to deploy');
  });
});

test.each([
  ['app.ts:1\nthrow new Error\n^\n\nError: no such thing\n    at x\n\nNode.js v24.1.0\n', 'Error: no such thing'],
  ['TypeError [ERR_X]: wrong\n at y', 'TypeError [ERR_X]: wrong'],
  ["triggerUncaughtException(\n\n«ShouldBeCreated» App at '' should\n    at x\nNode.js v24.1.0", "«ShouldBeCreated» App at '' should"],
  ['sh: tsx: not found\n', 'sh: tsx: not found'],
  ['', undefined],
])("of a program's output %j the line that matters is %j", (output, line) => {
  expect(errorLine(output)).toBe(line);
});
