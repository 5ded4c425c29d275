import { RecordsProperties } from '../contract';
import { DeployedRecords } from './deployed-shape.domain';
import { CloudFormationEvent } from '../../kernel/custom-resource';
import { RegionAddress } from '../../kernel/system-names';

/** What a deployment wants of the public name's records. */
export interface RecordsWish extends DeployedRecords {
  /** Whether records of the same name that are there already are replaced, at once. */
  readonly replaceExisting: boolean;
  readonly onDelete: 'RETAIN' | 'DELETE';
}

/** What the function was deployed with. It stands in the function's environment, which only a deployment changes. */
export interface DeployedResource {
  readonly stackId: string;
  readonly logicalId: string;
  readonly properties: RecordsProperties;
}

export function wishOf({ source, target, ttlSeconds, initialTarget, replaceExisting, onDelete }: RecordsProperties): RecordsWish {
  return {
    source,
    target,
    ttlSeconds: Number(ttlSeconds),
    initialTarget: Number(initialTarget),
    replaceExisting: replaceExisting === 'true',
    onDelete: onDelete === 'DELETE' ? 'DELETE' : 'RETAIN',
  };
}

/** States of a stack in which CloudFormation sends each type of request. */
const during: Readonly<Record<CloudFormationEvent['RequestType'], readonly string[]>> = {
  Create: ['CREATE_IN_PROGRESS', 'UPDATE_IN_PROGRESS', 'IMPORT_IN_PROGRESS'],
  Update: ['UPDATE_IN_PROGRESS', 'UPDATE_ROLLBACK_IN_PROGRESS', 'IMPORT_IN_PROGRESS', 'IMPORT_ROLLBACK_IN_PROGRESS'],
  Delete: [
    'DELETE_IN_PROGRESS',
    'ROLLBACK_IN_PROGRESS',
    'UPDATE_IN_PROGRESS',
    'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS',
    'UPDATE_ROLLBACK_IN_PROGRESS',
    'UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS',
  ],
};

/** Whether a stack in this state is being put back to what it was before an update that failed. */
export function isTakingBack(stackStatus: string): boolean {
  return stackStatus === 'UPDATE_ROLLBACK_IN_PROGRESS' || stackStatus === 'IMPORT_ROLLBACK_IN_PROGRESS';
}

/** Why an event is not one of the function's own resource; undefined when all that it says is what was deployed. */
export function foreignEvent(event: Partial<CloudFormationEvent>, own: DeployedResource): string | undefined {
  if (!Object.hasOwn(during, String(event.RequestType))) {
    return `RequestType is ${JSON.stringify(event.RequestType)}: one of ${Object.keys(during).join(', ')}`;
  }
  if (typeof event.RequestId !== 'string' || event.RequestId === '') return 'RequestId is missing';
  if (event.StackId !== own.stackId) {
    return `the event is of the stack ${JSON.stringify(event.StackId)}, this function belongs to ${own.stackId}`;
  }
  if (event.LogicalResourceId !== own.logicalId) {
    return `the event is of the resource ${JSON.stringify(event.LogicalResourceId)}, this function belongs to ${own.logicalId}`;
  }
  const given: Readonly<Record<string, unknown>> = event.ResourceProperties ?? {};
  const other = Object.entries(own.properties).find(([name, value]) => given[name] !== value);
  return other && `the event says ${other[0]} ${JSON.stringify(given[other[0]])}, ${JSON.stringify(other[1])} was deployed`;
}

/**
 * Why CloudFormation is not asking this of the resource itself; undefined when it is. A deployment that leaves the resource alone asks for
 * nothing.
 */
export function unaskedEvent(
  { RequestType, LogicalResourceId }: Pick<CloudFormationEvent, 'RequestType' | 'LogicalResourceId'>,
  status: string | undefined,
): string | undefined {
  if (status === `${RequestType.toUpperCase()}_IN_PROGRESS`) return undefined;
  return `CloudFormation sends no ${RequestType} while the resource ${LogicalResourceId} is ${status ?? 'unknown to it'}`;
}

/**
 * Why a region cannot have said this of itself; undefined when it can. A name of API Gateway's in that region leads to whoever has the
 * public name there, and to nobody else.
 */
export function addressProblem({ value }: Pick<RegionAddress, 'value'>, region: string): string | undefined {
  const suffix = `.execute-api.${region}.${region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com'}`;
  if (typeof value === 'string' && value.endsWith(suffix) && /^[a-z0-9][a-z0-9.-]*$/.test(value)) return undefined;
  return (
    `${region} is said to be at ${JSON.stringify(value)}: only names that end with ${suffix} are API Gateway's there. See who ` +
    `has changed the parameter, and deploy the region again`
  );
}

/** Why this cannot be CloudFormation's request now; undefined when the stack is in such a deployment. */
export function untimelyEvent(
  { RequestType, StackId }: Pick<CloudFormationEvent, 'RequestType' | 'StackId'>,
  stackStatus: string,
): string | undefined {
  if (during[RequestType].includes(stackStatus)) return undefined;
  return `CloudFormation sends no ${RequestType} while the stack ${StackId} is ${stackStatus}`;
}
