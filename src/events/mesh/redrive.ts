import { Duration } from 'aws-cdk-lib';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { Grant, IGrantable } from 'aws-cdk-lib/aws-iam';
import { IFunction } from 'aws-cdk-lib/aws-lambda';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { functionRoleName, LetterQueue, meshBundles, meshBusName, meshRedriveName, redriveEnv } from '../contract';
import { grantLook } from './trust';
import { BundledFunction } from '../../cdk/bundled-function';

export interface RedriveFunctionProps {
  readonly systemName: string;
  readonly functionName: string;
  readonly description: string;
  readonly roleName?: string;
  /** JSON of `LetterQueue[]`. */
  readonly queues: string;
  readonly logRetention: RetentionDays;
}

/** A function with which an operator puts letters on the bus: SQS's own redrive cannot, since EventBridge is no queue. */
export function redriveFunction(scope: Construct, id: string, { systemName, queues, ...props }: RedriveFunctionProps): BundledFunction {
  return new BundledFunction(scope, id, {
    ...props,
    bundle: meshBundles.redrive,
    environment: redriveEnv.write({ systemName, busName: meshBusName(systemName), queues }),
    timeout: Duration.minutes(2),
    memorySize: 256,
  });
}

/** What a redrive does with a queue. */
export function grantEmpty(grantee: IGrantable, queue: Queue): void {
  const actions = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:ChangeMessageVisibility'];
  Grant.addToPrincipal({ grantee, actions, resourceArns: [queue.queueArn] });
  queue.encryptionMasterKey?.grantDecrypt(grantee);
}

export interface MeshRedriveProps {
  readonly systemName: string;
  readonly region: string;
  readonly bus: EventBus;
  readonly deadLetters: Queue;
  /** Whether the bus itself has this dead-letter queue. */
  readonly isOfBus: boolean;
  readonly logRetention: RetentionDays;
}

/**
 * The redrive of what rules of the bus could not deliver. It may put any event that was on the bus, so EventBridge alone may write into
 * that queue.
 */
export class MeshRedrive extends Construct {
  public readonly function: IFunction;

  constructor(scope: Construct, id: string, { systemName, region, bus, deadLetters, isOfBus, logRetention }: MeshRedriveProps) {
    super(scope, id);
    const rules = bus.stack.formatArn({ service: 'events', resource: 'rule', resourceName: `${meshBusName(systemName)}/` });
    const queue: LetterQueue = { url: deadLetters.queueUrl, from: { kind: 'rules', rules, bus: isOfBus } };
    const redrive = redriveFunction(this, 'Redrive', {
      systemName,
      logRetention,
      functionName: meshRedriveName(systemName),
      roleName: functionRoleName(systemName, 'mesh-redrive', region),
      description: `${systemName}: puts dead letters back on the bus`,
      queues: bus.stack.toJsonString([queue]),
    });
    bus.grantPutEventsTo(redrive.function);
    grantLook(redrive.function, bus.eventBusArn);
    grantEmpty(redrive.function, deadLetters);
    this.function = redrive.function;
  }
}
