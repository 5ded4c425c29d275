/** The examples' templates as CloudFormation would deploy them: references resolved, by names that are the same in every run. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

export interface Resource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, any>>;
  readonly Metadata?: Readonly<Record<string, any>>;
}

export interface DeployedStack {
  readonly name: string;
  readonly region: string;
  readonly resources: Readonly<Record<string, Resource>>;
}

/** One app, in one of its modes. */
export interface Deployment {
  /** Stands for it in the table. */
  readonly letter: string;
  readonly title: string;
  readonly stacks: readonly DeployedStack[];
}

export const accountId = '111122223333';
const root = path.resolve(__dirname, '..', '..');

/** Every example with every context that changes who may do what; a rehearsal changes times alone. */
const apps = [
  { letter: 'S', example: 'active-active', context: {}, title: '`active-active`, mode `STRONG`' },
  {
    letter: 'G',
    example: 'active-active',
    context: { transport: 'GLOBAL_ENDPOINT' },
    title: '`active-active`, mode `STRONG`, transport `GLOBAL_ENDPOINT`',
  },
  {
    letter: 'F',
    example: 'active-active',
    context: { faults: 'BY_HAND' },
    title: '`active-active`, mode `STRONG`, with drills by faults (`faults=BY_HAND`)',
  },
  { letter: 'H', example: 'active-active', context: { mode: 'HOME_REGION' }, title: '`active-active`, mode `HOME_REGION`' },
  { letter: 'M', example: 'migration', context: {}, title: '`migration`, to eu-central-1' },
] as const;

/** Synthesises them as the CDK CLI does: each app is a process of its own, with the context of its cdk.json. */
export function deployments(): Deployment[] {
  return apps.map(({ letter, example, context, title }) => ({
    letter,
    title,
    stacks: synthesised(path.join(root, 'examples', example), context),
  }));
}

function synthesised(folder: string, context: Readonly<Record<string, string>>): DeployedStack[] {
  const outdir = mkdtempSync(path.join(tmpdir(), 'security-table-'));
  try {
    const settings = JSON.parse(readFileSync(path.join(folder, 'cdk.json'), 'utf8')) as { context: Record<string, unknown> };
    execFileSync(process.execPath, [path.join(root, 'node_modules', 'tsx', 'dist', 'cli.mjs'), 'app.ts'], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: {
        ...process.env,
        CDK_OUTDIR: outdir,
        CDK_DEFAULT_ACCOUNT: accountId,
        NODE_OPTIONS: '',
        NODE_NO_WARNINGS: '1',
        CDK_CONTEXT_JSON: JSON.stringify({ ...settings.context, ...context, 'aws:cdk:enable-path-metadata': true }),
      },
    });
    return stacksIn(outdir);
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

function stacksIn(outdir: string): DeployedStack[] {
  const read = (file: string): any => JSON.parse(readFileSync(path.join(outdir, file), 'utf8'));
  const artifacts = Object.entries<any>(read('manifest.json').artifacts).filter(([, { type }]) => type === 'aws:cloudformation:stack');
  return artifacts.map(([name, { environment, properties }]) => ({
    name,
    region: String(environment).split('/').pop()!,
    resources: read(properties.templateFile).Resources as DeployedStack['resources'],
  }));
}

/** A construct's place in its stack, such as `Api/Functions/Payments`. */
export function placeOf(stack: DeployedStack, logicalId: string): string {
  const full = stack.resources[logicalId].Metadata?.['aws:cdk:path'] as string | undefined;
  return full === undefined ? logicalId : full.slice(stack.name.length + 1).replace(/\/Resource$/, '');
}

const nameProperties: Readonly<Record<string, string>> = {
  'AWS::Lambda::Function': 'FunctionName',
  'AWS::SQS::Queue': 'QueueName',
  'AWS::SNS::Topic': 'TopicName',
  'AWS::Events::EventBus': 'Name',
  'AWS::Events::Rule': 'Name',
  'AWS::StepFunctions::StateMachine': 'StateMachineName',
  'AWS::DynamoDB::GlobalTable': 'TableName',
  'AWS::DynamoDB::Table': 'TableName',
  'AWS::IAM::Role': 'RoleName',
  'AWS::SSM::Parameter': 'Name',
  'AWS::SecretsManager::Secret': 'Name',
  'AWS::Events::Endpoint': 'Name',
  'AWS::Events::Archive': 'ArchiveName',
  'AWS::S3::Bucket': 'BucketName',
};

/** ARNs after `arn:aws:`, with `REGION` and `NAME` to be filled in. */
const arns: Readonly<Record<string, string>> = {
  'AWS::Lambda::Function': `lambda:REGION:${accountId}:function:NAME`,
  'AWS::SQS::Queue': `sqs:REGION:${accountId}:NAME`,
  'AWS::SNS::Topic': `sns:REGION:${accountId}:NAME`,
  'AWS::Events::EventBus': `events:REGION:${accountId}:event-bus/NAME`,
  'AWS::Events::Rule': `events:REGION:${accountId}:rule/NAME`,
  'AWS::Events::Archive': `events:REGION:${accountId}:archive/NAME`,
  'AWS::Events::Endpoint': `events:REGION:${accountId}:endpoint/NAME`,
  'AWS::StepFunctions::StateMachine': `states:REGION:${accountId}:stateMachine:NAME`,
  'AWS::DynamoDB::GlobalTable': `dynamodb:REGION:${accountId}:table/NAME`,
  'AWS::DynamoDB::Table': `dynamodb:REGION:${accountId}:table/NAME`,
  'AWS::IAM::Role': `iam::${accountId}:role/NAME`,
  'AWS::KMS::Key': `kms:REGION:${accountId}:key/NAME`,
  'AWS::SecretsManager::Secret': `secretsmanager:REGION:${accountId}:secret:NAME`,
  'AWS::S3::Bucket': 's3:::NAME',
  'AWS::SSM::Parameter': `ssm:REGION:${accountId}:parameterNAME`,
};
/** Types whose Ref is their ARN. */
const refIsArn = new Set(['AWS::SNS::Topic', 'AWS::StepFunctions::StateMachine', 'AWS::SecretsManager::Secret', 'AWS::KMS::Key']);

/** Values of a stack's template as they would be deployed. Names that CloudFormation makes up are `<place>`. */
export class Resolver {
  constructor(private readonly stack: DeployedStack) {}

  public arn(logicalId: string): string {
    const { Type } = this.stack.resources[logicalId];
    const form = arns[Type] ?? `${Type.split('::')[1].toLowerCase()}:REGION:${accountId}:NAME`;
    return `arn:aws:${form.replace('REGION', this.stack.region).replace('NAME', this.name(logicalId))}`;
  }

  public name(logicalId: string): string {
    const { Type, Properties = {} } = this.stack.resources[logicalId];
    const given = nameProperties[Type] === undefined ? undefined : (Properties[nameProperties[Type]] as unknown);
    return given === undefined ? `<${placeOf(this.stack, logicalId)}>` : String(this.value(given));
  }

  public value(value: any): any {
    if (Array.isArray(value)) return value.map((one) => this.value(one));
    if (typeof value !== 'object' || value === null) return value;
    const [[key, inner] = [], ...others] = Object.entries<any>(value);
    if (others.length === 0 && key === 'Ref') return this.ref(inner as string);
    if (others.length === 0 && key?.startsWith('Fn::')) return this.intrinsic(key, inner);
    return Object.fromEntries(Object.entries<any>(value).map(([name, one]) => [name, this.value(one)]));
  }

  private ref(name: string): string {
    const pseudo: Readonly<Record<string, string>> = {
      'AWS::AccountId': accountId,
      'AWS::Region': this.stack.region,
      'AWS::Partition': 'aws',
      'AWS::URLSuffix': 'amazonaws.com',
      'AWS::StackName': this.stack.name,
      'AWS::StackId': `arn:aws:cloudformation:${this.stack.region}:${accountId}:stack/${this.stack.name}/<made>`,
    };
    if (pseudo[name] !== undefined) return pseudo[name];
    const resource = this.stack.resources[name];
    if (!resource) return `<${name}>`;
    if (resource.Type === 'AWS::Lambda::Alias') return `${this.value(resource.Properties!.FunctionName)}:${resource.Properties!.Name}`;
    return refIsArn.has(resource.Type) ? this.arn(name) : this.name(name);
  }

  private intrinsic(key: string, inner: any): any {
    switch (key) {
      case 'Fn::Join':
        return (this.value(inner[1]) as unknown[]).join(inner[0] as string);
      case 'Fn::Select':
        return (this.value(inner[1]) as unknown[])[Number(inner[0])];
      case 'Fn::Split':
        return String(this.value(inner[1])).split(inner[0] as string);
      case 'Fn::GetAtt':
        return this.attribute(inner[0] as string, inner[1] as string);
      case 'Fn::Sub':
        return (Array.isArray(inner) ? inner[0] : inner).replace(/\$\{([^!}]+)\}/g, (_all: string, name: string) =>
          name.includes('.') ? this.attribute(name.split('.')[0], name.split('.')[1]) : this.ref(name),
        );
      default:
        throw new Error(`${this.stack.name}: ${key} is not known here: say in tools/security/templates.ts which value it has`);
    }
  }

  private attribute(logicalId: string, name: string): string {
    if (name === 'Arn') return this.arn(logicalId);
    if (name === 'StreamArn') return `${this.arn(logicalId)}/stream/<made>`;
    return /Name$/.test(name) ? this.name(logicalId) : `<${placeOf(this.stack, logicalId)}.${name}>`;
  }
}
