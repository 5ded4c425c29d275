import { costOf, Price, PriceName, prices } from './prices.domain';
import { accountLoad, CallWaits, callWaits, CostMode, DrillWay, Usage } from './usage.domain';

/** A month of 730 hours, as AWS reckons. */
export const monthHours = 730;
export const monthSeconds = monthHours * 3600;
const gigabyte = 2 ** 30;

export interface CostRequest {
  /** Payments a second of all regions together, day and night; each region gets the same share. */
  readonly tps: number;
  readonly regions: readonly string[];
  readonly mode: CostMode;
  /** Of all payments: captured, and sent a second time. */
  readonly captureShare: number;
  readonly replayShare: number;
  /** Payments a day on one account: a key of `accountLoad`. */
  readonly accountDay: number;
  /** Consumers of the events in each of the first so many regions. */
  readonly consumers: number;
  readonly consumerRegions: number;
  /** Canaries in each region, and the minutes between two runs of one. */
  readonly canaries: number;
  readonly canaryMinutes: number;
  /** Drills of each region a year, and how they take it away. A single region is not drilled. */
  readonly drills: number;
  readonly drillKind: DrillWay;
  /** Written by auto-scaled capacity instead of on demand. */
  readonly isProvisioned: boolean;
}

export const services = [
  'DynamoDB: replicated writes',
  'DynamoDB: inboxes of consumers',
  'DynamoDB: reads',
  "DynamoDB: storage of one month's payments",
  'DynamoDB: streams',
  'Lambda',
  'API Gateway',
  'EventBridge',
  'SQS',
  'CloudWatch: logs',
  'CloudWatch: metrics and alarms',
  'Route 53: health checks',
  'X-Ray',
  'KMS',
  'data transfer between regions',
  'canaries',
  'region drills',
] as const;
export type Service = (typeof services)[number];
export type Costs = Readonly<Record<Service, number>>;

/** A price that was used. */
export interface UsedPrice {
  readonly region: string;
  readonly name: PriceName;
  readonly price: Price;
}

export interface Estimate {
  /** Dollars a month. */
  readonly costs: Costs;
  readonly total: number;
  readonly perMillion: Costs;
  readonly totalPerMillion: number;
  readonly used: readonly UsedPrice[];
}

/** Write units of one payment with its share of captures and replays, in one region's copy. */
export function writeUnits({ mode, accountDay, captureShare, replayShare }: CostRequest, usage: Usage): number {
  const { authoriseWrites, captureWrites } = usage;
  const replayWrites = mode === 'strong' ? usage.replayWrites : usage.replayWritesHome;
  // A fuller account makes both writes of its item larger; the table knows their sum.
  const fuller = Math.max(0, accountLoad[mode][accountDay].writes - authoriseWrites - captureWrites) / 2;
  return authoriseWrites + fuller + captureShare * (captureWrites + fuller) + replayShare * replayWrites;
}

/** Bytes that one payment leaves in one region's copy. */
export function storedBytes({ captureShare }: CostRequest, usage: Usage): number {
  const overhead = 2 * usage.itemOverhead + usage.indexBytes;
  return usage.paymentBytes + overhead + captureShare * (usage.captureBytes + overhead);
}

/** Milliseconds that the functions wait for DynamoDB for one payment with its share of captures and replays. */
export function waitedMs({ mode, captureShare, replayShare }: CostRequest, { localWait, strongWait }: Usage): number {
  const { authorise, capture, replay } = callWaits[mode];
  const ms = ({ answers, crossings }: CallWaits): number => answers * localWait + crossings * strongWait;
  return ms(authorise) + captureShare * ms(capture) + replayShare * ms(replay);
}

/** What one region does in a month. */
interface Month {
  readonly regions: number;
  readonly payments: number;
  readonly calls: number;
  /** That began here, and that arrive: all. */
  readonly ownEvents: number;
  readonly events: number;
  readonly consumed: number;
}

function monthOf(request: CostRequest, index: number): Month {
  const { tps, regions, captureShare, replayShare, consumers, consumerRegions } = request;
  const all = tps * monthSeconds;
  const payments = all / regions.length;
  const events = all * (1 + captureShare);
  return {
    regions: regions.length,
    payments,
    calls: payments * (1 + captureShare + replayShare),
    ownEvents: events / regions.length,
    events,
    consumed: index < consumerRegions ? events * consumers : 0,
  };
}

type Pay = (name: PriceName, units: number) => number;

function databaseCosts(request: CostRequest, usage: Usage, month: Month, pay: Pay): Partial<Costs> {
  const { regions, mode, accountDay, captureShare, isProvisioned } = request;
  const written = month.payments * regions.length * writeUnits(request, usage);
  const stored = (month.payments * regions.length * storedBytes(request, usage)) / gigabyte;
  const reads = month.payments * captureShare * accountLoad[mode][accountDay].reads + month.ownEvents * usage.eventReads;
  const capacity = written / monthSeconds / usage.provisionedShare;
  return {
    'DynamoDB: replicated writes': isProvisioned ? pay('provisionedWrite', capacity * monthHours) : pay('replicatedWrite', written),
    'DynamoDB: inboxes of consumers': pay('write', month.consumed * usage.consumerWrites),
    'DynamoDB: reads': pay('read', reads),
    "DynamoDB: storage of one month's payments": pay('storage', stored) + pay('recovery', stored),
    'DynamoDB: streams': pay('streamRead', month.events),
    'data transfer between regions': pay(
      'transfer',
      // At most 1 KB for each unit, to each other region.
      ((month.regions - 1) * (month.payments * writeUnits(request, usage) * 1024 + month.ownEvents * usage.eventBytes)) / gigabyte,
    ),
  };
}

function callCosts(request: CostRequest, usage: Usage, month: Month, pay: Pay): Partial<Costs> {
  const { captureShare, replayShare } = request;
  const asked = month.calls * usage.authorizerShare;
  const health = (usage.healthCalls * monthSeconds) / 10;
  const busyMs =
    month.payments * waitedMs(request, usage) +
    (month.calls + asked) * usage.functionTime +
    health * (usage.functionTime + usage.localWait);
  const batches = month.ownEvents / usage.outboxBatch;
  const consumerBatches = month.consumed / usage.consumerBatch;
  const workerMs = batches * 2 * usage.localWait + month.consumed * usage.consumerTime;
  const invocations = month.calls + asked + health + batches + consumerBatches;
  const functionBytes =
    month.payments * (usage.authoriseLog + captureShare * usage.captureLog + replayShare * usage.replayLog) +
    consumerBatches * usage.consumerLog +
    invocations * usage.platformLog;
  const accessBytes = (month.calls + health) * usage.accessLog;
  const kept = ((functionBytes + accessBytes) / gigabyte) * usage.logRatio * usage.logMonths;
  return {
    Lambda: pay('lambdaRequest', invocations) + pay('lambdaSecond', (busyMs * usage.apiMemory + workerMs * usage.workerMemory) / 1000),
    'API Gateway': pay('apiCall', month.calls + health),
    'CloudWatch: logs': pay('functionLog', functionBytes / gigabyte) + pay('accessLog', accessBytes / gigabyte) + pay('logStorage', kept),
    'X-Ray': pay('trace', month.calls * usage.sampledShare),
  };
}

function eventCosts(_: CostRequest, usage: Usage, month: Month, pay: Pay): Partial<Costs> {
  const archived = (month.events * usage.eventBytes) / gigabyte;
  return {
    EventBridge:
      pay('event', month.ownEvents) +
      pay('crossRegionEvent', month.ownEvents * (month.regions - 1)) +
      pay('archived', archived) +
      pay('archive', archived * usage.archiveMonths),
    // Sent one by one, received and deleted in batches.
    SQS: pay('sqsRequest', month.consumed * (1 + 2 / usage.consumerBatch)),
  };
}

function standingCosts({ mode }: CostRequest, usage: Usage, _: Month, pay: Pay): Partial<Costs> {
  const [alarms, functions] = mode === 'strong' ? [usage.alarms, usage.functions] : [usage.alarmsHome, usage.functionsHome];
  return {
    'CloudWatch: metrics and alarms': pay('metric', usage.metrics + usage.methods * usage.metricsOfMethod) + pay('alarm', alarms),
    'Route 53: health checks': pay('healthCheck', usage.healthChecks) + pay('healthCheckOption', usage.healthChecks * usage.healthOptions),
    KMS: pay('key', usage.keys) + pay('keyRequest', functions * usage.keyRequests),
  };
}

function canaryCosts({ canaries, canaryMinutes }: CostRequest, usage: Usage, _: Month, pay: Pay): Partial<Costs> {
  const runs = canaries * (60 / canaryMinutes) * monthHours;
  return {
    canaries:
      pay('canaryRun', runs) +
      pay('lambdaRequest', runs) +
      pay('lambdaSecondX86', runs * usage.canaryTime * usage.canaryMemory) +
      pay('alarm', canaries * usage.canaryAlarms),
  };
}

/** Each region has the drill of another one, and is drilled from there: what an experiment takes is billed in the drilled region. */
function drillCosts({ drills, drillKind }: CostRequest, usage: Usage, { regions }: Month, pay: Pay): Partial<Costs> {
  if (drills === 0 || regions < 2) return { 'region drills': 0 };
  const month = drills / 12;
  const isFault = drillKind === 'fault';
  const looks = usage.watchdogLooks * monthHours;
  // The prober runs all the time.
  const busy = month * (usage.drillTime + usage.drillCalls * usage.drillCallTime) + looks * usage.watchdogTime;
  return {
    'region drills':
      pay('stateTransition', month * usage.drillTransitions) +
      pay('lambdaRequest', month * (usage.drillCalls + 1) + looks) +
      pay('lambdaSecond', busy * usage.drillMemory) +
      pay('metric', usage.drillMetrics) +
      pay('alarm', usage.drillAlarms + (isFault ? usage.faultAlarms : 0)) +
      pay('faultMinute', isFault ? month * usage.faultActions * usage.faultMinutes : 0),
  };
}

const parts = [databaseCosts, callCosts, eventCosts, standingCosts, canaryCosts, drillCosts];
const each = (value: (service: Service) => number): Costs =>
  Object.fromEntries(services.map((service) => [service, value(service)])) as Costs;
const sumOf = (costs: Costs): number => Object.values(costs).reduce((sum, one) => sum + one, 0);

export function estimate(request: CostRequest, usage: Usage): Estimate {
  const used = new Map<string, UsedPrice>();
  const byRegion = request.regions.map((region, index) => {
    const pay: Pay = (name, units) => {
      const price = prices[region][name];
      if (units > 0) used.set(`${region} ${name}`, { region, name, price });
      return costOf(price, units);
    };
    const month = monthOf(request, index);
    return Object.assign({}, ...parts.map((part) => part(request, usage, month, pay))) as Costs;
  });
  const costs = each((service) => byRegion.reduce((sum, region) => sum + region[service], 0));
  const millions = (request.tps * monthSeconds) / 1e6;
  const perMillion = each((service) => costs[service] / millions);
  return { costs, total: sumOf(costs), perMillion, totalPerMillion: sumOf(perMillion), used: [...used.values()] };
}

export interface Lever {
  readonly what: string;
  /** Dollars a month. */
  readonly saves: number;
}

type LeverEffect = (request: CostRequest, usage: Usage) => readonly [CostRequest, Usage];
const levers: readonly (readonly [string, LeverEffect])[] = [
  [
    'provisioned write capacity with auto scaling (`LedgerBilling.provisioned`), where the load is steady',
    (request, usage) => [{ ...request, isProvisioned: true }, usage],
  ],
  ['more accounts, so that none takes more than 1,000 payments a day', (request, usage) => [{ ...request, accountDay: 1_000 }, usage]],
  ['consumers in one region instead of each', (request, usage) => [{ ...request, consumerRegions: 1 }, usage]],
  ['no access log of API Gateway (`accessLog: false`)', (request, usage) => [request, { ...usage, accessLog: 0 }]],
  ['traces of 1 % of the calls (a sampling rule of X-Ray)', (request, usage) => [request, { ...usage, sampledShare: 0.01 }]],
  ['archives of a week (`archiveRetention`)', (request, usage) => [request, { ...usage, archiveMonths: 7 / 30 }]],
  ['logs of a month (`logRetention`)', (request, usage) => [request, { ...usage, logMonths: 1 }]],
  [
    'functions of 512 MiB (`functions.memorySize`), which mostly wait',
    // Half the memory is half the processor.
    (request, usage) => [request, { ...usage, apiMemory: usage.apiMemory / 2, functionTime: 2 * usage.functionTime }],
  ],
  [
    'canaries every 15 minutes (`interval`)',
    (request, usage) => [{ ...request, canaryMinutes: Math.max(15, request.canaryMinutes) }, usage],
  ],
  ['callers that repeat nothing', (request, usage) => [{ ...request, replayShare: 0 }, usage]],
];

/** What can be changed, the largest saving first; each by itself. */
export function leversOf(request: CostRequest, usage: Usage): readonly Lever[] {
  const { total } = estimate(request, usage);
  return levers
    .map(([what, change]) => ({ what, saves: total - estimate(...change(request, usage)).total }))
    .filter(({ saves }) => saves > 0)
    .sort((one, other) => other.saves - one.saves);
}
