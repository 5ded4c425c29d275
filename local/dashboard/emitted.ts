/**
 * What of AWS's own metrics something emits here, by namespace. The rest has no data in a local run, and must not pass for a zero.
 * Each name stands where it is put: `test/local-unit/dashboard/emitted.test.ts` looks.
 */
export const emittedHere: Readonly<Record<string, readonly string[]>> = {
  'AWS/ApiGateway': ['Count', 'Latency', '4XXError', '5XXError'],
  'AWS/CloudFront': ['Requests', '5xxErrorRate', 'OriginLatency'],
  'AWS/DynamoDB': ['ReplicationLatency', 'SuccessfulRequestLatency', 'SystemErrors'],
  'AWS/Events': [
    'MatchedEvents',
    'TriggeredRules',
    'Invocations',
    'InvocationAttempts',
    'RetryInvocationAttempts',
    'SuccessfulInvocationAttempts',
    'FailedInvocations',
    'InvocationsSentToDlq',
    'InvocationsFailedToBeSentToDlq',
    'IngestionToInvocationStartLatency',
    'IngestionToInvocationCompleteLatency',
    'IngestionToInvocationSuccessLatency',
  ],
  'AWS/Lambda': ['Invocations', 'Errors', 'Throttles', 'IteratorAge', 'DestinationDeliveryFailures'],
  'AWS/Route53': ['HealthCheckStatus'],
  'AWS/S3': ['ReplicationLatency', 'BytesPendingReplication', 'OperationsFailedReplication'],
  'AWS/SQS': ['ApproximateNumberOfMessagesVisible', 'ApproximateAgeOfOldestMessage'],
  'AWS/States': [
    'ExecutionsStarted',
    'ExecutionsSucceeded',
    'ExecutionsFailed',
    'ExecutionsTimedOut',
    'ExecutionsAborted',
    'ExecutionTime',
  ],
  CloudWatchSynthetics: ['SuccessPercent', 'Duration'],
};

/** Dimensions without which a metric of AWS is not emitted here: the emulators count by function alone. */
const needs: Readonly<Record<string, string>> = { 'AWS/Lambda': 'FunctionName' };

/** Whether something here emits a metric. What is in no namespace of AWS is an app's own: its functions write it into their logs. */
export function isEmittedHere(namespace: string, name: string, dimensions: Readonly<Record<string, string>>): boolean {
  const names = Object.prototype.hasOwnProperty.call(emittedHere, namespace) ? emittedHere[namespace] : undefined;
  if (names === undefined) return !/^AWS\//.test(namespace);
  return names.includes(name) && (needs[namespace] === undefined || needs[namespace] in dimensions);
}
