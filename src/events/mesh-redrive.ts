import { Duration } from 'aws-cdk-lib';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { Grant } from 'aws-cdk-lib/aws-iam';
import { IFunction } from 'aws-cdk-lib/aws-lambda';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { meshBundles, meshBusName, meshRedriveName, publisherEnv } from './contract';
import { BundledFunction } from '../cdk/bundled-function';

export interface MeshRedriveProps {
  readonly systemName: string;
  readonly bus: EventBus;
  readonly deadLetters: Queue;
  readonly logRetention: RetentionDays;
}

/** The function with which an operator puts dead letters back on the bus: SQS's own redrive cannot, since EventBridge is no queue. */
export class MeshRedrive extends Construct {
  public readonly function: IFunction;

  constructor(scope: Construct, id: string, { systemName, bus, deadLetters, logRetention }: MeshRedriveProps) {
    super(scope, id);
    const made = new BundledFunction(this, 'Redrive', {
      bundle: meshBundles.redrive,
      functionName: meshRedriveName(systemName),
      description: `${systemName}: puts dead letters back on the bus`,
      environment: publisherEnv.write({ systemName, busName: meshBusName(systemName), deadLetterQueueUrl: deadLetters.queueUrl }),
      timeout: Duration.minutes(2),
      memorySize: 256,
      logRetention,
    });
    bus.grantPutEventsTo(made.function);
    const actions = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:ChangeMessageVisibility'];
    Grant.addToPrincipal({ grantee: made.function, actions, resourceArns: [deadLetters.queueArn] });
    deadLetters.encryptionMasterKey?.grantDecrypt(made.function);
    this.function = made.function;
  }
}
