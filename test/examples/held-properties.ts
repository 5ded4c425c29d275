/**
 * What alarms, queues, functions and APIs do is in their properties. Snapshots hold these too, but an update of a snapshot hides a change:
 * here each stands with its reason. By the construct that makes it: its logical ID without hash, region and number.
 */

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
  GateRequest: [{ memory: 512, seconds: 20 }],
  GateVerify: [{ memory: 512, seconds: 20 }],
  GateDecide: [{ memory: 512, seconds: 20 }],
  GateSweep: [{ memory: 512, seconds: 55 }],
  GateStartacmepaycutover: [{ memory: 512, seconds: 20 }],
  CutoverRecordsKeeper: [{ memory: 512, seconds: 600 }],
  CutoverStatus: [{ memory: 512, seconds: 30 }],
  StuckSampler: [{ memory: 512, seconds: 295 }],
  DrillFunctionsLook: [{ memory: 512, seconds: 60 }],
  // What puts a region back does not wait for payments.
  DrillFunctionsRegion: [{ memory: 512, seconds: 60, reserved: 2 }],
  DrillFunctionsReport: [{ memory: 512, seconds: 60 }],
  DrillFunctionsWatchdog: [{ memory: 512, seconds: 60, reserved: 2 }],
  // A drill's whole length, and the look at its payments.
  DrillFunctionsProber: [{ memory: 512, seconds: 900, ...scheduled }],
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
  RecorderConsumerQueue: { VisibilityTimeout: 70, tries: 100, allows: 'denyAll' },
  RecorderConsumerDeadLetters: { VisibilityTimeout: 70, allows: 'byQueue' },
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
  'Recorder < queue': { BatchSize: 10, concurrency: 10, filtered: false },
};

/** Days that logs are kept: a year where it is said who decided or moved something. */
export const logDays: Readonly<Record<number, readonly string[]>> = {
  30: [
    'AwsCall',
    'MeshDeadLettersRedrive',
    'MeshProbesArrive',
    'MeshProbesSend',
    'OutboxPublish',
    'OutboxRedrive',
    'OutboxSweep',
    'Recorder',
    'Site',
    'CanaryRegion',
    'CanaryName',
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
    'Drill',
    'DrillFunctionsLook',
    'DrillFunctionsProber',
    'DrillFunctionsRegion',
    'DrillFunctionsReport',
    'DrillFunctionsWatchdog',
    'GateDecide',
    'GatePageAccess',
    'GateRequest',
    'GateStartacmepaycutover',
    'GateSweep',
    'GateVerify',
  ],
};
