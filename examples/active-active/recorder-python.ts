import { execFileSync } from 'child_process';
import { cpSync } from 'fs';
import path from 'path';
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, BillingMode, Table } from 'aws-cdk-lib/aws-dynamodb';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Code, Function, LoggingFormat, Runtime, Tracing } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { CrossRegionEventMesh, IdempotentConsumer } from 'cdk-multi-region-payments';

const source = path.join(__dirname, 'recorder-python');

/**
 * The same recorder in Python, beside the one in TypeScript: a function of any language is called with one event at a time. Its own record
 * is in `<systemName>-recorder-python-effects`.
 */
export class PythonRecorder extends Construct {
  public readonly consumer: IdempotentConsumer;

  constructor(scope: Construct, id: string, { mesh }: { readonly mesh: CrossRegionEventMesh }) {
    super(scope, id);
    const effects = new Table(this, 'Effects', {
      tableName: `${mesh.systemName}-recorder-python-effects`,
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      removalPolicy: RemovalPolicy.RETAIN,
    });
    const logGroup = new LogGroup(this, 'Logs', { retention: RetentionDays.ONE_MONTH, removalPolicy: RemovalPolicy.DESTROY });
    const role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    logGroup.grantWrite(role);
    const handler = new Function(this, 'Function', {
      code: Code.fromAsset(source, { bundling: { image: Runtime.PYTHON_3_13.bundlingImage, local: { tryBundle: installed } } }),
      handler: 'index.handler',
      runtime: Runtime.PYTHON_3_13,
      architecture: Architecture.ARM_64,
      loggingFormat: LoggingFormat.JSON,
      timeout: Duration.seconds(10),
      memorySize: 512,
      tracing: Tracing.ACTIVE,
      environment: { POWERTOOLS_SERVICE_NAME: 'recorder-python' },
      logGroup,
      role,
    });
    this.consumer = new IdempotentConsumer(this, 'Consumer', {
      mesh,
      consumerName: 'recorder-python',
      handler,
      handlerTimeout: Duration.seconds(10),
    });
    handler.addEnvironment('EFFECTS_TABLE', effects.tableName);
    handler.addEnvironment('INBOX_TABLE', this.consumer.inbox.tableName);
    effects.grant(handler, 'dynamodb:UpdateItem');
    this.consumer.grantComplete(handler);
  }
}

/** The function with its libraries, as wheels for Lambda's Python on ARM: pip needs no such Python here. Lambda has boto3 by itself. */
function installed(output: string): boolean {
  const target = ['--platform', 'manylinux2014_aarch64', '--implementation', 'cp', '--python-version', '3.13', '--only-binary=:all:'];
  const pip = [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    '--no-compile',
    '--no-deps',
    ...target,
    '--target',
    output,
  ];
  try {
    execFileSync('python3', [...pip, '--requirement', path.join(source, 'requirements.txt')], { stdio: ['ignore', 'ignore', 'pipe'] });
  } catch (error) {
    const said = String((error as { stderr?: Buffer }).stderr ?? (error as Error).message).trim();
    const why = said.split('\n').at(-1);
    throw new Error(`the recorder in Python needs python3 with pip at synthesis (${why}): install them, or leave 'pythonRecorder' out`);
  }
  cpSync(path.join(source, 'index.py'), path.join(output, 'index.py'));
  return true;
}
