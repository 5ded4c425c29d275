import type { FabricResource } from '../ground/model';

/** An event source mapping on a DynamoDB stream, as a template says it. */
export interface StreamMapping {
  readonly region: string;
  readonly id: string;
  readonly functionName: string;
  readonly streamArn: string;
  readonly batchSize: number;
  readonly windowMs: number;
  readonly fromStart: boolean;
  /** Undefined: until the record is too old. */
  readonly maximumAttempts?: number;
  readonly maximumAgeMs?: number;
  readonly bisects: boolean;
  readonly reportsFailures: boolean;
  readonly failureArn?: string;
  readonly patterns: readonly unknown[];
}

/** Metadata by which the rewrite tells that the emulator's own poller was turned off for a mapping. */
export const polledMark = 'local-run:polled';

export function streamMappings(resources: readonly FabricResource[]): StreamMapping[] {
  return resources
    .filter(({ type, metadata }) => type === 'AWS::Lambda::EventSourceMapping' && metadata?.[polledMark] === true)
    .map(({ region, properties, physicalId, logicalId }) => ({
      region,
      id: physicalId ?? logicalId,
      functionName: functionName(String(properties.FunctionName)),
      streamArn: String(properties.EventSourceArn),
      batchSize: Number(properties.BatchSize ?? 100),
      windowMs: Number(properties.MaximumBatchingWindowInSeconds ?? 0) * 1000,
      fromStart: properties.StartingPosition === 'TRIM_HORIZON',
      ...limit('maximumAttempts', properties.MaximumRetryAttempts, 1),
      ...limit('maximumAgeMs', properties.MaximumRecordAgeInSeconds, 1000),
      bisects: isTrue(properties.BisectBatchOnFunctionError),
      reportsFailures: ((properties.FunctionResponseTypes ?? []) as string[]).includes('ReportBatchItemFailures'),
      ...(properties.DestinationConfig?.OnFailure?.Destination
        ? { failureArn: String(properties.DestinationConfig.OnFailure.Destination) }
        : {}),
      patterns: ((properties.FilterCriteria?.Filters ?? []) as { Pattern: unknown }[]).map(({ Pattern }) =>
        typeof Pattern === 'string' ? (JSON.parse(Pattern) as unknown) : Pattern,
      ),
    }));
}

function limit(name: 'maximumAttempts' | 'maximumAgeMs', given: unknown, factor: number): object {
  const value = Number(given ?? -1);
  return value < 0 ? {} : { [name]: value * factor };
}

function functionName(nameOrArn: string): string {
  return nameOrArn.startsWith('arn:') ? nameOrArn.split(':')[6] : nameOrArn;
}

function isTrue(value: unknown): boolean {
  return value === true || value === 'true';
}
