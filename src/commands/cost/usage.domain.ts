/**
 * What a payment takes of each service, and what stands there without any. Each figure has its source: a test compares those that are
 * measured or counted with the project's own measurements, so that a change of the code changes the estimate.
 */

/** `measured`, `counted`: held by a test. `published`: AWS says so. `assumed`: an estimate, which the command names. */
export type FigureKind = 'measured' | 'counted' | 'published' | 'assumed';

export interface Figure {
  readonly value: number;
  readonly unit: string;
  readonly kind: FigureKind;
  readonly source: string;
}

const performance = 'docs/performance.md, requests and units of one call';
const sizes = 'docs/performance.md, item sizes';
const test = 'test/commands/cost-usage.engine.test.ts';
const synthesis = 'test/commands/cost-usage.test.ts, from the templates of examples/active-active';

const standing = 'test/commands/cost-standing.test.ts, from the templates of the constructs';
const machine = 'test/commands/cost-standing.test.ts, from a run of the deployed machine';

const figure =
  (kind: FigureKind) =>
  (value: number, unit: string, source: string): Figure => ({ value, unit, kind, source });
const measured = figure('measured');
const counted = figure('counted');
const published = figure('published');
const assumed = figure('assumed');

export const usage = {
  authoriseWrites: measured(3, 'write units of an authorization, index included', performance),
  captureWrites: measured(5, 'write units of a capture, index included', performance),
  replayWrites: measured(2, "write units of a payment's first replay", performance),
  replayWritesHome: measured(
    3,
    "write units of a payment's first replay, HOME_REGION",
    'docs/performance.md, entries held by one account, HOME_REGION',
  ),
  paymentBytes: measured(569, "bytes of a captured payment's item", sizes),
  captureBytes: measured(694, "bytes of a capture's item", sizes),
  indexBytes: measured(96, 'bytes of an index entry', test),
  itemOverhead: published(100, 'bytes of storage for each item and each index entry', 'DynamoDB developer guide, item sizes and formats'),
  eventBytes: measured(666, 'bytes of an event', test),
  eventReads: measured(1, 'read units of the outbox for each event', test),
  consumerWrites: measured(3, "write units in a consumer's inbox for each event", test),
  authoriseLog: measured(707, 'bytes of log of an authorization', test),
  captureLog: measured(394, 'bytes of log of a capture', test),
  replayLog: measured(637, 'bytes of log of a replay', test),
  consumerLog: measured(462, "bytes of log of a consumer's batch", test),
  accessLog: measured(363, 'bytes of access log of a call', test),
  platformLog: assumed(650, 'bytes that Lambda itself logs of an invocation', 'its JSON lines platform.start and platform.report'),
  apiMemory: counted(1, 'GB of the payments function', synthesis),
  workerMemory: counted(0.5, 'GB of the functions of outbox and consumer', synthesis),
  functionTime: measured(2.41, 'ms of processor time of a call', 'docs/performance.md, the whole function, p50'),
  localWait: assumed(5, 'ms that a request to DynamoDB waits in its region', 'AWS: single-digit milliseconds'),
  strongWait: assumed(
    56,
    'ms more in STRONG, for the other region; --write-wait replaces it',
    'docs/regions.md, us-east-1 and eu-central-1 with us-east-2: the mean of both',
  ),
  outboxBatch: assumed(10, 'events of an invocation of the outbox', 'full PutEvents requests; a batch has at most 100 records'),
  consumerBatch: counted(10, 'events of a full batch of a consumer', synthesis),
  consumerTime: assumed(15, 'ms of a consumer for each event', 'three writes in its region, one after the other'),
  authorizerShare: assumed(
    0.01,
    'invocations of the authorizer for each call',
    'an answer is kept for a minute: 100 calls a minute with one token',
  ),
  sampledShare: published(0.05, 'traces recorded for each call', "X-Ray's default rule: 5 % and one a second"),
  logMonths: counted(3, 'months that logs are kept', synthesis),
  logRatio: assumed(0.15, 'of a log are stored once it is compressed', 'AWS reckons with 0.15 in its examples'),
  archiveMonths: counted(1, 'months that an archive keeps an event', synthesis),
  alarms: counted(26, 'alarms in a region', synthesis),
  alarmsHome: counted(28, 'alarms in a region, HOME_REGION', synthesis),
  functions: counted(14, 'functions in a region', synthesis),
  functionsHome: counted(18, 'functions in a region, HOME_REGION', synthesis),
  methods: counted(12, 'methods of the API', synthesis),
  metricsOfMethod: published(
    5,
    'metrics that API Gateway charges for each method',
    'detailed metrics: count, 4xx, 5xx, latency, integration latency',
  ),
  metrics: counted(25, "the system's own metrics in a region, at most", synthesis),
  keys: counted(1, 'keys in a region', synthesis),
  keyRequests: published(8_760, 'requests to KMS a month for each function', 'DynamoDB asks once in five minutes for each caller'),
  healthChecks: counted(1, 'health checks of a region', synthesis),
  healthOptions: counted(2, 'options of a health check: HTTPS, every 10 s', synthesis),
  healthCalls: assumed(16, 'checkers of Route 53, each asking every 10 s', 'two in each of its eight regions'),
  canaryAlarms: counted(3, 'metrics that the alarms of a canary look at', standing),
  canaryMemory: assumed(
    1,
    "GB of a canary's function",
    'Synthetics sets it where the template does not; its reference names at least 960 MB',
  ),
  canaryTime: assumed(5, "seconds of a canary's run", 'about a dozen requests, one after the other, and the start of its function'),
  drillAlarms: counted(5, 'metrics that the alarms on the drills of a region look at', standing),
  drillMetrics: counted(3, "metrics that a drill's watchdog writes each minute", 'test/commands/cost-standing.test.ts, from its handler'),
  drillMemory: counted(0.5, "GB of a drill's functions", standing),
  drillTransitions: measured(121, 'state transitions of a passed drill', machine),
  drillCalls: measured(43, "invocations of a passed drill's functions", machine),
  drillTime: measured(107.6, 'seconds of a passed drill', machine),
  drillCallTime: assumed(1, "second of each call of a drill's step", 'a few requests to AWS, some of them to the other region'),
  watchdogLooks: counted(60, 'looks of the watchdog in an hour', standing),
  watchdogTime: assumed(0.2, 'seconds of a look of the watchdog', 'three requests to AWS'),
  faultActions: counted(1, 'actions of an experiment: one for five functions of the API', standing),
  faultAlarms: counted(1, 'metrics that the alarms look at that stop an experiment', standing),
  faultMinutes: assumed(
    3,
    'minutes of each action in a drill by a fault',
    'callers leave, the time without the region, and the return; at most 10',
  ),
  provisionedShare: assumed(0.7, 'of provisioned write capacity used', "the auto scaling target of the AWS console's default"),
} as const satisfies Readonly<Record<string, Figure>>;

export type UsageName = keyof typeof usage;
export type Usage = Readonly<Record<UsageName, number>>;

export const usualUsage: Usage = Object.fromEntries(Object.entries(usage).map(([name, { value }]) => [name, value])) as Usage;

export type CostMode = 'strong' | 'home-region';
export type DrillWay = 'drain' | 'fault';

/** How often a call waits, one wait after the other: for an answer of DynamoDB at all, and for one that another region had to confirm. */
export interface CallWaits {
  readonly answers: number;
  readonly crossings: number;
}

/** Counted by test/ledger/crossings.test.ts. The replay is a payment's first one, which completes it. */
export const callWaits: Readonly<Record<CostMode, Readonly<Record<'authorise' | 'capture' | 'replay', CallWaits>>>> = {
  strong: { authorise: { answers: 2, crossings: 1 }, capture: { answers: 5, crossings: 3 }, replay: { answers: 3, crossings: 2 } },
  'home-region': { authorise: { answers: 2, crossings: 0 }, capture: { answers: 6, crossings: 0 }, replay: { answers: 3, crossings: 0 } },
};

/**
 * Payments that one account takes a day, evenly spread and captured at once, and what a payment with its capture takes then: write and read
 * units, measured (docs/performance.md, payments a day on one account).
 */
export const accountLoad: Readonly<Record<CostMode, Readonly<Record<number, { readonly writes: number; readonly reads: number }>>>> = {
  strong: {
    1_000: { writes: 8.3, reads: 3.1 },
    10_000: { writes: 8.3, reads: 4.7 },
    100_000: { writes: 8.3, reads: 4.3 },
    1_000_000: { writes: 8.5, reads: 5.5 },
  },
  'home-region': {
    1_000: { writes: 8.1, reads: 10.4 },
    10_000: { writes: 8.2, reads: 10.8 },
    100_000: { writes: 8.3, reads: 11.7 },
    1_000_000: { writes: 9.5, reads: 18.4 },
  },
};
