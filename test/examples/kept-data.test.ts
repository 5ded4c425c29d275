import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { App } from 'aws-cdk-lib';
import { templatesOf } from './dashboards';
import { configOf } from '../../examples/active-active/config';
import { defineSystem } from '../../examples/active-active/stacks';
import { configOf as migrationOf } from '../../examples/migration/config';
import { defineMigration } from '../../examples/migration/stacks';

/**
 * CloudFormation replaces a resource whose logical ID or name changes: an empty new one, and the old one deleted or left behind. So those
 * that hold something are pinned, each with what would replace it.
 */
const pins = path.join(__dirname, 'kept-data.json');
const update = 'UPDATE_KEPT_DATA';

/** What replaces a resource of each type that holds something, when it changes (CloudFormation's reference: "Replacement"). */
const identity: Readonly<Record<string, readonly string[]>> = {
  'AWS::DynamoDB::GlobalTable': ['TableName', 'KeySchema'],
  'AWS::DynamoDB::Table': ['TableName', 'KeySchema'],
  'AWS::Events::Archive': ['ArchiveName', 'SourceArn'],
  'AWS::KMS::Alias': ['AliasName'],
  'AWS::KMS::Key': [],
  'AWS::KMS::ReplicaKey': ['PrimaryKeyArn'],
  'AWS::S3::Bucket': ['BucketName'],
  'AWS::SQS::Queue': ['QueueName', 'FifoQueue'],
  'AWS::SecretsManager::Secret': ['Name'],
};

interface Resource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
  readonly DeletionPolicy?: string;
}

type Pins = Readonly<Record<string, object>>;

/** By stack and logical ID: the type, and what would replace the resource. */
function pinsOf(stack: string, resources: Readonly<Record<string, Resource>>): Pins {
  return Object.fromEntries(
    Object.entries(resources)
      .filter(([, { Type, DeletionPolicy }]) => DeletionPolicy === 'Retain' || Object.hasOwn(identity, Type))
      .map(([id, { Type, Properties = {} }]) => {
        const names = identity[Type] ?? Object.keys(Properties).filter((name) => /Name$/.test(name));
        return [`${stack} ${id}`, { Type, ...Object.fromEntries(names.map((name) => [name, Properties[name] ?? null])) }];
      }),
  );
}

function pinsOfApp(name: string, define: (app: App) => unknown): Pins {
  return Object.assign({}, ...templatesOf(define).map(({ stack, template }) => pinsOf(`${name}/${stack}`, template.toJSON().Resources)));
}

/** Changes that would replace something, or leave it behind. */
function replaced(before: Pins, now: Pins): string[] {
  return Object.entries(before).flatMap(([id, pin]) => {
    if (!Object.hasOwn(now, id)) return [`${id} (${JSON.stringify(pin)}) is gone`];
    return JSON.stringify(now[id]) === JSON.stringify(pin) ? [] : [`${id} was ${JSON.stringify(pin)}, is ${JSON.stringify(now[id])}`];
  });
}

test('what holds data keeps its logical ID and its name', () => {
  const now: Pins = {
    ...pinsOfApp('STRONG', (app) => defineSystem(app, configOf('STRONG'))),
    ...pinsOfApp('HOME_REGION', (app) => defineSystem(app, configOf('HOME_REGION', 'GLOBAL_ENDPOINT'))),
    ...pinsOfApp('migration', (app) => defineMigration(app, migrationOf('FULL'))),
  };
  expect(Object.values(now).length).toBeGreaterThan(30);
  if (process.env[update]) writeFileSync(pins, `${JSON.stringify(now, undefined, 2)}\n`);
  const before = JSON.parse(readFileSync(pins, 'utf8')) as Pins;
  const added = Object.keys(now).filter((id) => !Object.hasOwn(before, id));
  const problems = [...replaced(before, now), ...added.map((id) => `${id} is new`)];
  if (problems.length > 0) {
    throw new Error(
      `a deployment over an earlier version would replace, or leave behind, what holds data:\n${problems.join('\n')}\n` +
        'Undo the change of the ID or the name. If it is meant, say in CHANGELOG.md how a team brings its data over, then run this test ' +
        `with ${update}=1.`,
    );
  }
});

test('a table under another ID, a queue of another name and a removed key are found', () => {
  const resources = (id: string, queue: string): Record<string, Resource> => ({
    [id]: { Type: 'AWS::DynamoDB::Table', Properties: { TableName: 't', KeySchema: [] } },
    Queue: { Type: 'AWS::SQS::Queue', Properties: { QueueName: queue } },
    ...(queue === 'q' ? { Key: { Type: 'AWS::KMS::Key', DeletionPolicy: 'Delete' } } : {}),
    Role: { Type: 'AWS::IAM::Role' },
  });
  const before = pinsOf('S', resources('Table', 'q'));
  expect(Object.keys(before)).toEqual(['S Table', 'S Queue', 'S Key']);
  expect(replaced(before, before)).toEqual([]);
  expect(replaced(before, pinsOf('S', resources('Other', 'r'))).map((problem) => problem.slice(0, 9))).toEqual([
    'S Table (',
    'S Queue w',
    'S Key ({"',
  ]);
});
