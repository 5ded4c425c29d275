/**
 * What alarms, queues, functions and APIs do is in their properties. Snapshots hold these too, but an update of a snapshot hides a change:
 * here each stands with its reason. By the construct that makes it: its logical ID without hash, region and number.
 */

/** Reads, comparison, threshold, datapoints of periods, missing data, and why so. */
export type AlarmRow = readonly [
  reads: readonly string[],
  comparison: string,
  threshold: number,
  datapoints: string,
  missing: string,
  why: string,
];

export const alarms: Readonly<Record<string, AlarmRow>> = {
  MeshAlarmsDeadLetters: [
    ['ApproximateNumberOfMessagesVisible Maximum of 60 s'],
    '>=',
    1,
    '1 of 5',
    'notBreaching',
    'one letter is an event that nobody got: the deepest the queue was, not its average',
  ],
  MeshAlarmsStrays: [
    ['ApproximateNumberOfMessagesVisible Maximum of 60 s'],
    '>=',
    1,
    '1 of 5',
    'notBreaching',
    'one stray is an event without an origin',
  ],
  MeshAlarmsPublishFailures: [
    ['EventPublishFailures Sum of 60 s'],
    '>=',
    1,
    '1 of 5',
    'notBreaching',
    'each failure is an event that is not on the bus',
  ],
  MeshAlarmsUndelivered: [
    ['FailedInvocations Sum of 60 s', 'InvocationsFailedToBeSentToDlq Sum of 60 s'],
    '>=',
    1,
    '1 of 5',
    'notBreaching',
    'each is an event that reached neither its target nor the letters',
  ],
  MeshAlarmsLateness: [
    ['ProbeLatency Maximum of 60 s'],
    '>=',
    30000,
    '3 of 5',
    'notBreaching',
    'the slowest probe of each minute: an average hides one late event among many',
  ],
  MeshAlarmsSilence: [
    ['ProbeLatency SampleCount of 60 s'],
    '<',
    1,
    '3 of 3',
    'breaching',
    'counts probes; none is the failure, so missing data breaches',
  ],
  ApiAlarmsServerErrors: [
    ['5XXError Sum of 60 s', 'Count SampleCount of 60 s'],
    '>=',
    1,
    '3 of 5',
    'notBreaching',
    'a share of all calls: errors by their sum, calls by their number',
  ],
  ApiAlarmsLatency: [
    ['Latency p99 of 60 s'],
    '>=',
    2000,
    '3 of 5',
    'notBreaching',
    'the slowest of a hundred: an average hides what a caller waits',
  ],
  ApiAlarmsThrottles: [
    ['LedgerThrottles Sum of 60 s', 'ReadThrottleEvents Sum of 60 s', 'Throttles Sum of 60 s', 'WriteThrottleEvents Sum of 60 s'],
    '>=',
    1,
    '3 of 5',
    'notBreaching',
    'refused calls, added up over functions and table',
  ],
  ApiAlarmsHealth: [['UnhealthyAnswers Sum of 60 s'], '>=', 1, '2 of 5', 'notBreaching', 'answers of 503, each of which may move traffic'],
  ApiAlarmsTakeovers: [['InFlightTakeovers Sum of 60 s'], '>=', 10, '3 of 5', 'notBreaching', 'how many decisions were taken over'],
  ApiAlarmsConflicts: [['ReplicatedWriteConflicts Sum of 60 s'], '>=', 100, '3 of 5', 'notBreaching', 'how many writes met another region'],
  ApiAlarmsUnknownOutcomes: [['OutcomeUnknown Sum of 60 s'], '>=', 5, '3 of 5', 'notBreaching', 'callers who were told to ask again'],
  ApiAlarmsBusyAccounts: [['AccountsBusy Sum of 60 s'], '>=', 1, '3 of 5', 'notBreaching', 'calls refused for a full account'],
  ApiAlarmsTrimFailures: [['TrimFailures Sum of 60 s'], '>=', 1, '1 of 5', 'notBreaching', 'each is an entry that is not removed'],
  OutboxAge: [
    ['IteratorAge Maximum of 60 s'],
    '>=',
    60000,
    '3 of 5',
    'notBreaching',
    'the oldest record of all shards: an average hides the one shard that stands still',
  ],
  OutboxUnread: [
    ['Invocations Sum of 300 s', 'PaymentsDecided Sum of 300 s'],
    '>=',
    1,
    '2 of 5',
    'notBreaching',
    'payments that were decided while nothing read the stream',
  ],
  OutboxDeadLetterAlarm: [
    ['ApproximateNumberOfMessagesVisible Maximum of 60 s'],
    '>=',
    1,
    '1 of 5',
    'notBreaching',
    'one letter is a range of the stream that was given up',
  ],
  OutboxSweepAge: [['IteratorAge Maximum of 60 s'], '>=', 300000, '3 of 5', 'notBreaching', 'the oldest record of all shards'],
  OutboxSweepDeadLetterAlarm: [
    ['ApproximateNumberOfMessagesVisible Maximum of 60 s'],
    '>=',
    1,
    '1 of 5',
    'notBreaching',
    'one letter is a hint that was given up',
  ],
  RecorderConsumerRuleUndelivered: [
    ['FailedInvocations Sum of 60 s', 'InvocationsFailedToBeSentToDlq Sum of 60 s'],
    '>=',
    1,
    '1 of 5',
    'notBreaching',
    'each is an event that reached neither queue',
  ],
  RecorderConsumerAge: [
    ['ApproximateAgeOfOldestMessage Maximum of 60 s'],
    '>=',
    300,
    '3 of 5',
    'notBreaching',
    'the oldest message waits longest: an average hides it',
  ],
  RecorderConsumerDeadLetterAlarm: [
    ['ApproximateNumberOfMessagesVisible Maximum of 60 s'],
    '>=',
    1,
    '1 of 5',
    'notBreaching',
    'one letter is an event without its effect',
  ],
  RecorderConsumerSetAside: [['EventsSetAside Sum of 60 s'], '>=', 1, '1 of 5', 'notBreaching', 'each is an event without its effect'],
  RecorderConsumerRefused: [
    ['EventsRefused Sum of 60 s'],
    '>=',
    1,
    '1 of 5',
    'notBreaching',
    'each came from a source that is not believed',
  ],
  MeshGlobalEndpointUnhealthy: [
    ['IngestionToInvocationStartLatency Average of 60 s'],
    '>',
    30000,
    '5 of 5',
    'breaching',
    "as AWS's guide for global endpoints reads it: one slow event is no reason to fail over; silence is",
  ],
  ApiAlarmsHomeUnreachable: [['HomeUnreachable Sum of 60 s'], '>=', 1, '2 of 5', 'notBreaching', 'calls that did not reach their home'],
  ApiAlarmsHomeTakeovers: [
    ['HomeTakeovers Sum of 60 s'],
    '>=',
    1,
    '1 of 5',
    'notBreaching',
    'each takeover is a lost region, or a mistake',
  ],
  DeadLetters: [
    ['ApproximateNumberOfMessagesVisible Maximum of 60 s'],
    '>=',
    1,
    '1 of 1',
    'notBreaching',
    "the example's own queue: one letter",
  ],
  EdgeServerErrors: [
    ['5xxErrorRate Average of 60 s'],
    '>=',
    1,
    '3 of 5',
    'notBreaching',
    "CloudFront's own share of all requests, in percent",
  ],
  EdgeOriginLatency: [
    ['OriginLatency p99 of 60 s'],
    '>=',
    3000,
    '3 of 5',
    'notBreaching',
    'the slowest of a hundred: an average over cached answers hides what a caller waits',
  ],
  GateSilent: [
    ['ApprovalSweeps Sum of 60 s'],
    '<',
    1,
    '5 of 5',
    'breaching',
    'counts sweeps; none is the failure, so missing data breaches',
  ],
  GateFaults: [['ApprovalFaults Sum of 60 s'], '>=', 1, '3 of 5', 'notBreaching', "how many of a minute's tries failed"],
  GateForged: [['ForgedApprovals Sum of 60 s'], '>=', 1, '1 of 1', 'notBreaching', 'each is an answer that the gate did not give'],
  CutoverNeedsAttention: [['CutoverNeedsAttention Sum of 300 s'], '>=', 1, '1 of 1', 'notBreaching', 'each run that ended so'],
  CutoverBroken: [
    ['ExecutionsAborted Sum of 300 s', 'ExecutionsFailed Sum of 300 s', 'ExecutionsTimedOut Sum of 300 s'],
    '>=',
    1,
    '1 of 1',
    'notBreaching',
    'each run that failed, was late or was stopped',
  ],
  CutoverUnexplained: [
    ['CutoverUnexplainedDifferences Sum of 300 s'],
    '>=',
    1,
    '1 of 1',
    'notBreaching',
    'items that differ and nothing explains',
  ],
  CutoverRefused: [['CutoverRefusedCalls Sum of 300 s'], '>=', 1, '1 of 1', 'notBreaching', 'each call by somebody else'],
  StuckReminder: [
    ['OldestApprovalAgeSeconds Maximum of 300 s'],
    '>=',
    14400,
    '1 of 1',
    'ignore',
    'the oldest approval counts; between two samples nothing is known, so the state stays',
  ],
  StuckEscalation: [
    ['OldestApprovalAgeSeconds Maximum of 300 s'],
    '>=',
    28800,
    '1 of 1',
    'ignore',
    'the oldest approval counts; between two samples nothing is known, so the state stays',
  ],
  StuckSilence: [
    ['ApprovalSamples Sum of 300 s'],
    '<',
    1,
    '3 of 3',
    'breaching',
    'counts samples; none is the failure, so missing data breaches',
  ],
};

type Settings = Readonly<Record<string, unknown>>;

/** Functions: what bounds them. Asynchronous ones give up at once, since their schedule comes again. */
const scheduled = { age: 60, retries: 0 };
const readers = { memory: 1769, seconds: 900 };
export const functions: Readonly<Record<string, readonly Settings[]>> = {
  MeshProbesSend: [{ memory: 256, seconds: 10, ...scheduled }],
  MeshProbesArrive: [{ memory: 256, seconds: 10, ...scheduled }],
  MeshDeadLettersRedrive: [{ memory: 256, seconds: 120 }],
  ApiFunctionsAuthorizer: [{ memory: 1024, seconds: 5 }],
  ApiFunctionsHealth: [{ memory: 1024, seconds: 3 }],
  // 15 s in STRONG; in HOME_REGION they end before their lease does.
  ApiFunctionsPayments: [
    { memory: 1024, seconds: 15 },
    { memory: 1024, seconds: 6 },
  ],
  ApiFunctionsAccounts: [
    { memory: 1024, seconds: 15 },
    { memory: 1024, seconds: 6 },
  ],
  ApiFunctionsTransactions: [
    { memory: 1024, seconds: 15 },
    { memory: 1024, seconds: 6 },
  ],
  ApiHeartbeatWrite: [{ memory: 256, seconds: 10, ...scheduled }],
  LedgerProofacmepayAsk: [{ memory: 256, seconds: 60 }],
  // A full processor: they read whole tables.
  ApiHomeOperatorStatus: [readers],
  ApiHomeOperator: [readers],
  ApiHomeOperatorMove: [readers],
  CutoverSteps: [readers],
  OutboxPublish: [{ memory: 512, seconds: 60 }],
  OutboxSweep: [{ memory: 512, seconds: 60 }],
  OutboxRedrive: [{ memory: 512, seconds: 900 }],
  RecorderConsumer: [{ memory: 512, seconds: 55 }],
  GateRequest: [{ memory: 512, seconds: 20 }],
  GateVerify: [{ memory: 512, seconds: 20 }],
  GateDecide: [{ memory: 512, seconds: 20 }],
  GateSweep: [{ memory: 512, seconds: 55 }],
  GateStartacmepaycutover: [{ memory: 512, seconds: 20 }],
  CutoverRecordsKeeper: [{ memory: 512, seconds: 600 }],
  CutoverStatus: [{ memory: 512, seconds: 30 }],
  StuckSampler: [{ memory: 512, seconds: 295 }],
};

/** Functions of the example and of the CDK itself: not ours to bound. */
export const othersFunctions: readonly string[] = [
  'Recorder',
  'AWS679f53fac002430cb0da5b7982bd2287',
  'CustomCDKBucketDeployment8693BB64968944B69AAFB0CC9EB8756C512MiB',
];

/** What is not in a row is absent. */
export const queues: Readonly<Record<string, Settings>> = {
  MeshQueuesDeadLetters: { VisibilityTimeout: 300, allows: 'denyAll' },
  MeshQueuesStrays: { VisibilityTimeout: 300, allows: 'denyAll' },
  OutboxDeadLetters: { VisibilityTimeout: 900, allows: 'denyAll' },
  // Hints wait until a peer has had time to publish by itself.
  OutboxHints: { VisibilityTimeout: 120, DelaySeconds: 300, tries: 30, allows: 'denyAll' },
  OutboxSweepDeadLetters: { VisibilityTimeout: 900, allows: 'byQueue' },
  // Tried by the consumer's own count; the queue's is the net below it.
  RecorderConsumerQueue: { VisibilityTimeout: 110, tries: 100, allows: 'denyAll' },
  RecorderConsumerDeadLetters: { VisibilityTimeout: 110, allows: 'byQueue' },
};

const fromStream = {
  BisectBatchOnFunctionError: true,
  MaximumRecordAgeInSeconds: 43_200,
  MaximumRetryAttempts: 1_000,
  StartingPosition: 'TRIM_HORIZON',
  onFailure: 'OutboxDeadLetters',
  filtered: true,
};
/** By the function that reads, and what it reads from. Half a day's tries, then the range is a letter. */
export const mappings: Readonly<Record<string, Settings>> = {
  'OutboxPublish < stream': { BatchSize: 100, ParallelizationFactor: 4, ...fromStream },
  'OutboxSweep < stream': { BatchSize: 500, ParallelizationFactor: 1, MaximumBatchingWindowInSeconds: 10, ...fromStream },
  'OutboxSweep < queue': { BatchSize: 10, concurrency: 10, filtered: false },
  'RecorderConsumer < queue': { BatchSize: 10, concurrency: 10, filtered: false },
};

/** Days that logs are kept: a year where it is said who decided or moved something. */
export const logDays: Readonly<Record<number, readonly string[]>> = {
  30: [
    'MeshDeadLettersRedrive',
    'MeshProbesArrive',
    'MeshProbesSend',
    'OutboxPublish',
    'OutboxRedrive',
    'OutboxSweep',
    'RecorderConsumer',
    'Recorder',
    'Site',
  ],
  90: [
    'ApiAccess',
    'ApiFunctionsAccounts',
    'ApiFunctionsAuthorizer',
    'ApiFunctionsHealth',
    'ApiFunctionsPayments',
    'ApiFunctionsTransactions',
    'ApiHeartbeatWrite',
    'LedgerProofacmepayAsk',
    'StuckSampler',
  ],
  365: [
    'ApiHomeOperator',
    'ApiHomeOperatorMove',
    'ApiHomeOperatorStatus',
    'Cutover',
    'CutoverRecordsKeeper',
    'CutoverStatus',
    'CutoverSteps',
    'GateDecide',
    'GatePageAccess',
    'GateRequest',
    'GateStartacmepaycutover',
    'GateSweep',
    'GateVerify',
  ],
};

/** What alarms over several metrics reckon. A count that is missing is none, so it is filled with 0 before anything is added. */
export const expressions: Readonly<Record<string, readonly string[]>> = {
  MeshAlarmsUndelivered: ['FILL(failed, 0) + FILL(lost, 0)'],
  ApiAlarmsServerErrors: ['100 * errors / calls'],
  ApiAlarmsThrottles: ['FILL(payments, 0) + FILL(accounts, 0) + FILL(reads, 0) + FILL(writes, 0) + FILL(index, 0) + FILL(met, 0)'],
  OutboxUnread: ['IF(FILL(calls, 0) == 0, FILL(decided, 0), 0)'],
  RecorderConsumerRuleUndelivered: ['FILL(failed, 0) + FILL(lost, 0)'],
  CutoverBroken: ['FILL(failed, 0) + FILL(late, 0) + FILL(stopped, 0)'],
};
