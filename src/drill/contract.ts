import { EnvCodec } from '../kernel/env';

/** Bundles of the drill's functions under `assets/`. */
export const drillBundles = {
  look: 'drill/functions/look',
  region: 'drill/functions/region-switch',
  report: 'drill/functions/report',
  prober: 'drill/functions/prober',
  watchdog: 'drill/functions/watchdog',
} as const;

/** Name of the state machine that drills a region; it stands in another one. */
export function drillName(systemName: string, region: string): string {
  return `${systemName}-drill-${region}`;
}

/** Name of the function that sends payments while a region is drilled. */
export function drillProberName(systemName: string, region: string): string {
  return `${drillName(systemName, region)}-prober`;
}

/** Name of the function that restores a drilled region, whatever became of the drill. */
export function drillWatchdogName(systemName: string, region: string): string {
  return `${drillName(systemName, region)}-watchdog`;
}

/** Begins the owner of a drain switch that a drill has set; the execution's ARN follows. */
export const drillOwnerPrefix = 'drill:';

/** Where a run keeps what it found, below its bucket. */
export const drillKeys = {
  /** Which invocation of the prober pays for the run: the first one. */
  prober: (id: string): string => `runs/${id}/prober.json`,
  /** What the prober's callers saw, written anew every few seconds. */
  calls: (id: string): string => `runs/${id}/calls.json`,
  /** Its presence ends the prober. */
  end: (id: string): string => `runs/${id}/end.json`,
  /** What became of the prober's payments. */
  audit: (id: string): string => `runs/${id}/audit.json`,
  /** What a run came to: `DrillResult`. */
  result: (id: string): string => `runs/${id}/result.json`,
  evidence: (id: string, format: 'json' | 'html'): string => `runs/${id}/evidence.${format}`,
  /** When a drill was last passed, or first looked for. */
  passed: 'passed.json',
} as const;

/** Bounds that construct and handler share. */
export const drillLimits = {
  /** Callers of the prober: as many near the drilled region as near its own. */
  callers: 4,
  /** Between two calls of one caller. */
  callerPauseMs: 500,
  /** How often the prober writes what it saw, and looks whether it is to end. */
  writeMs: 2_000,
  /** Without anything from the prober for so long it is silent. */
  silentMs: 20_000,
  /** A caller was served elsewhere within it before a region is taken away. */
  servedMs: 15_000,
  /** Texts of one kind that go along from step to step. */
  keptTexts: 20,
  /** Time for the prober to begin. */
  beginMs: 60_000,
  /** Between two looks of the state machine. */
  lookSeconds: 3,
  /** A prober's longest run: Lambda's own bound. */
  proberSeconds: 900,
  /** Kept back of it for the last look at what became of the payments. */
  auditSeconds: 120,
  stepSeconds: 60,
  watchdogSeconds: 60,
  /** Set aside for what puts the region back: one call, and another one where the first is late. */
  reserved: 2,
} as const;

/** Metrics in embedded metric format, in the ledger's namespace with its dimensions and the drilled region. */
export const drillMetrics = {
  drilledDimension: 'DrilledRegion',
  /** Drills that were passed. */
  passed: 'DrillsPassed',
  /** Drills that were not passed, or were ended before. */
  failed: 'DrillsFailed',
  /** Times that the watchdog had to restore the region. */
  restored: 'DrillWatchdogRestored',
  /** Days since a drill was last passed; before the first one, since the watchdog first looked. */
  days: 'DaysSinceDrillPassed',
} as const;

/** How a region is taken away. */
export type DrillKind = 'drain' | 'fault';

/** Entries of the runbook whose alarms tell of the region that is away, and not of the one that they are raised in. */
const ofDrilled = ['home-unreachable', 'home-takeover', 'peer-silent', 'peer-late'];

/**
 * What may rise in the other regions while a region is away. One whose functions fail is missed by canaries too, and at the edge.
 * The edge's alarm counts all regions: trouble of the region that serves raises its own alarms.
 */
export const expectedAlarms: Readonly<Record<DrillKind, readonly string[]>> = {
  drain: ofDrilled,
  fault: [...ofDrilled, 'a-canary-fails', 'a-canary-is-slow', 'edge-server-errors'],
};

/** What every drill of a region goes by. */
export interface DrillPlan {
  readonly systemName: string;
  /** The region that is drilled. */
  readonly drilled: string;
  /** Regions that take payments, the drilled one too. */
  readonly regions: readonly string[];
  /** Where a cutover of the system may stand, besides those; absent where no other is known. */
  readonly cutoverRegions?: readonly string[];
  readonly publicName: string;
  readonly tableName: string;
  /** How drills take the region away that do not say it; absent for a drain. */
  readonly kind?: DrillKind;
  /** Whether drills may be by fault that are started so; absent where `kind` says it. */
  readonly faults?: true;
  /** Callers must be elsewhere within it. */
  readonly budgetSeconds: number;
  /** What the API's own settings come to. */
  readonly expectedSeconds: number;
  /** Payments are seen for so long before the region is taken away, and without it. */
  readonly beforeSeconds: number;
  readonly duringSeconds: number;
  /** Time for the region to take payments again. */
  readonly returnSeconds: number;
  /** After it the watchdog restores the region. */
  readonly longestSeconds: number;
  /** Most days between two drills that are passed. */
  readonly intervalDays: number;
  /** Longest that an event may take from region to region; absent without an event mesh. */
  readonly eventMs?: number;
}

/** Whether a drill may take its region away by a fault. */
export function mayFault({ kind, faults }: Pick<DrillPlan, 'kind' | 'faults'>): boolean {
  return faults === true || kind === 'fault';
}

/** Environment of all functions of a drill. */
export const drillEnv = new EnvCodec(
  {
    /** `DrillPlan` as JSON. */
    plan: 'DRILL_PLAN',
    bucket: 'DRILL_BUCKET',
  },
  {
    topicArn: 'DRILL_TOPIC_ARN',
    stateMachineArn: 'DRILL_STATE_MACHINE_ARN',
    prober: 'DRILL_PROBER',
    /** Length of a minute of metrics in milliseconds, where it is another one, as in the local run. */
    minuteMs: 'DRILL_MINUTE_MS',
  },
);

/** Environment of the prober, besides. */
export const proberEnv = new EnvCodec(
  {
    /** `DrillIdentity` as JSON. */
    identity: 'DRILL_IDENTITY',
  },
  {
    /** Address that stands for the public name and its resolvers, as in the local run; its own name server and address otherwise. */
    door: 'DRILL_DOOR',
    /** Name of the public name's hosted zone, whose name servers are asked. */
    zoneName: 'DRILL_ZONE_NAME',
  },
);

/** How the prober proves itself to the API: an OAuth client, its ID and secret as JSON in a secret. */
export interface DrillIdentity {
  readonly tokenUrl: string;
  /** Absent: the endpoint knows its clients without one, as in the local run. */
  readonly secretArn?: string;
  readonly scope?: string;
  readonly audience?: string;
}

/** Every region in which a cutover of the system is looked for. */
export function cutoverRegions({ regions, cutoverRegions: more = [] }: Pick<DrillPlan, 'regions' | 'cutoverRegions'>): string[] {
  return [...new Set([...regions, ...more])];
}

/** Reads a plan back; the construct wrote it, so only its presence is checked. */
export function readDrillPlan(text: string): DrillPlan {
  const plan = JSON.parse(text) as Partial<DrillPlan>;
  if (plan.drilled && plan.regions && plan.tableName) return plan as DrillPlan;
  throw new Error(`environment variable DRILL_PLAN is '${text}': the construct that makes this function sets it`);
}

/** Who starts a drill by schedule, in its input. */
export const drillSchedule = 'schedule';
