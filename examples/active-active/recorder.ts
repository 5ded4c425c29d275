import path from 'path';
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, BillingMode, CfnTable, Table } from 'aws-cdk-lib/aws-dynamodb';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, LoggingFormat, Runtime, Tracing } from 'aws-cdk-lib/aws-lambda';
import { NodejsFunction } from 'aws-cdk-lib/aws-lambda-nodejs';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { ConsumerHandling, CrossRegionEventMesh, IdempotentConsumer } from 'cdk-multi-region-payments';

/**
 * Records every payment's events in its region, each of them once: what a team does with them, in any language, takes this one's place. Its
 * function reads the queue itself, by `idempotentConsumer` of the package's runtime.
 * What it has recorded is in `<systemName>-recorder-effects`, with `effects` = 1 for each event.
 */
export class Recorder extends Construct {
  public readonly consumer: IdempotentConsumer;

  constructor(scope: Construct, id: string, { mesh }: { readonly mesh: CrossRegionEventMesh }) {
    super(scope, id);
    const effects = new Table(this, 'Effects', {
      tableName: `${mesh.systemName}-recorder-effects`,
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      removalPolicy: RemovalPolicy.RETAIN,
    });
    (effects.node.defaultChild as CfnTable).addMetadata('effects-of-consumer', 'recorder');

    const logGroup = new LogGroup(this, 'Logs', { retention: RetentionDays.ONE_MONTH, removalPolicy: RemovalPolicy.DESTROY });
    const role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    logGroup.grantWrite(role);
    const handler = new NodejsFunction(this, 'Function', {
      entry: path.join(__dirname, 'recorder', 'index.ts'),
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      loggingFormat: LoggingFormat.JSON,
      // Time for two attempts of the consumer's `handlerTimeout`, one after the other.
      timeout: Duration.seconds(35),
      memorySize: 512,
      tracing: Tracing.ACTIVE,
      // With the SDK inside it starts faster, and is the same wherever it runs.
      bundling: { externalModules: [], minify: true, mainFields: ['module', 'main'] },
      logGroup,
      role,
    });

    this.consumer = new IdempotentConsumer(this, 'Consumer', {
      mesh,
      consumerName: 'recorder',
      handler,
      handling: ConsumerHandling.WRAPPED,
      handlerTimeout: Duration.seconds(10),
    });
    handler.addEnvironment('EFFECTS_TABLE', effects.tableName);
    effects.grant(handler, 'dynamodb:UpdateItem');
  }
}
