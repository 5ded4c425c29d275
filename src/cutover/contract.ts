import { EnvCodec } from '../kernel/env';

/** Bundles of the cutover's functions under `assets/`. */
export const cutoverBundles = {
  steps: 'cutover/functions/cutover',
  status: 'cutover/functions/status',
  records: 'cutover/functions/weighted-records',
  report: 'cutover/functions/report',
} as const;

/** Parameters that hold a system's audit, one a record. */
export function auditPath(systemName: string): string {
  return `/${systemName}/cutover/audit`;
}

/** Name of a record's parameter: numbers of one length, so that names sort as the records do. */
export function auditName(systemName: string, seq: number): string {
  return `${auditPath(systemName)}/${String(seq).padStart(6, '0')}`;
}

/** The place that a parameter below the path is; undefined for a name that the cutover gives to none. */
export function auditSeq(systemName: string, name: string): number | undefined {
  const seq = Number(name.slice(name.lastIndexOf('/') + 1));
  return Number.isInteger(seq) && seq > 0 && auditName(systemName, seq) === name ? seq : undefined;
}

/** Alias of the key that signs a system's audit, in the region of the state machine. */
export function auditKeyAlias(systemName: string): string {
  return `alias/${systemName}-cutover-audit`;
}

/** A record of an audit, and the SHA-256 of its text: whoever keeps them can tell later whether it still stands. */
export interface AuditAnchor {
  readonly seq: number;
  readonly hash: string;
}

/** Reads `RECORD:SHA256` as a report shows it; undefined when it is none. */
export function anchorOf(text: string): AuditAnchor | undefined {
  const [, seq, hash] = /^([1-9]\d{0,5}):([0-9a-f]{64})$/.exec(text) ?? [];
  return hash === undefined ? undefined : { seq: Number(seq), hash };
}

/** Begins the set identifiers of a system's weighted records; `<systemName>-<side>#<stamp>`. */
export function setIdentifier(systemName: string, side: 'source' | 'target', stamp: number): string {
  return `${systemName}-${side}#${stamp}`;
}

/** Bounds that construct and handler share. */
export const cutoverLimits = {
  /** How long resolvers may keep an answer, unless a team says otherwise: as long as the API's recovery budget counts. */
  recordTtlSeconds: 5,
  /** How long the name servers may take before people are asked to look, and how often it is looked at. */
  syncPatienceSeconds: 900,
  syncWaitSeconds: 30,
  /** Tries at one unit's authority, and the time between them. */
  authorityTries: 5,
  authorityRetrySeconds: 30,
  /** Tries at the checks after the phases while they lack an answer alone, and the time between them. */
  closingTries: 5,
  closingRetrySeconds: 60,
  /** A function's longest run. */
  stepSeconds: 900,
  /** Events that a run may come to: Step Functions ends one at 25,000, and retries count too. */
  events: 20_000,
} as const;

/** Metrics in embedded metric format, in the ledger's namespace with its dimensions. */
export const cutoverMetrics = {
  /** A run ended PAUSED or FAILED. */
  needsAttention: 'CutoverNeedsAttention',
  /** Items that differ between the regions and nothing explains, after one round of the reconciliation window. */
  unexplained: 'CutoverUnexplainedDifferences',
  /** Rounds that came to their end. */
  rounds: 'CutoverReconciliationRounds',
  /** Calls of a function that changes something, by somebody else than whoever it works for. */
  refused: 'CutoverRefusedCalls',
} as const;

/** Environment of the cutover's functions. */
export const cutoverEnv = new EnvCodec(
  {
    systemName: 'PAYMENTS_SYSTEM_NAME',
    /** Region that holds the audit and the state machine. */
    auditRegion: 'CUTOVER_AUDIT_REGION',
    hostedZoneId: 'CUTOVER_HOSTED_ZONE_ID',
    /** The public name, without a dot at the end. */
    publicName: 'CUTOVER_PUBLIC_NAME',
    /** ARN of the key that signs the audit. */
    auditKey: 'CUTOVER_AUDIT_KEY',
  },
  {
    /** `RECORD:SHA256`: the end of an audit that the deployment takes over. */
    formerAuditEnd: 'CUTOVER_FORMER_AUDIT_END',
  },
);

/** The custom resource's properties that say what the records shall be. */
export interface RecordsProperties {
  readonly source: string;
  readonly target: string;
  readonly ttlSeconds: string;
  readonly initialTarget: string;
  readonly replaceExisting: string;
  readonly onDelete: string;
  /** The end of an audit that is taken over: here it only makes CloudFormation ask. */
  readonly formerAuditEnd?: string;
}

/** Environment of the steps' function, besides. */
export const stepsEnv = new EnvCodec(
  { stateMachineArn: 'CUTOVER_STATE_MACHINE_ARN' },
  {
    /** The gate's table, which is read by approval. */
    gateTable: 'CUTOVER_GATE_TABLE',
  },
);

/** Environment of the status function, besides: `StatusPlan` as JSON. */
export const statusEnv = new EnvCodec({ plan: 'CUTOVER_STATUS_PLAN' });

/** What the status is told by, of the plan as deployed. */
export interface StatusPlan extends Pick<CutoverPlan, 'source' | 'target'> {
  /** Shares of the target, phase by phase. */
  readonly phases: readonly number[];
}

/** Name of the function that tells how things stand. */
export function cutoverStatusName(systemName: string): string {
  return `${systemName}-cutover-status`;
}

/** Environment of the records' function, besides: what was deployed, so that no caller need be believed. */
export const recordsEnv = new EnvCodec({
  stackId: 'RECORDS_STACK_ID',
  logicalId: 'RECORDS_LOGICAL_ID',
  /** `RecordsProperties` as JSON. */
  properties: 'RECORDS_PROPERTIES',
});

/** An alarm by its name in a region. */
export interface AlarmReference {
  readonly region: string;
  readonly name: string;
}

/** A dead-letter queue and the alarms on it. */
export interface QueueReference {
  readonly region: string;
  readonly name: string;
  readonly alarms: readonly string[];
}

/** One phase of a plan. */
export interface PhasePlan {
  /** Share of the target in percent. */
  readonly target: number;
  readonly soakSeconds: number;
  readonly gate: boolean;
  readonly alarms: readonly AlarmReference[];
}

/** Everything that a run goes by. It is part of the state machine's definition, so a deployment does not change a run that is under way. */
export interface CutoverPlan {
  readonly systemName: string;
  readonly publicName: string;
  readonly source: string;
  readonly target: string;
  readonly mode: 'STRONG' | 'HOME_REGION';
  readonly tableName: string;
  readonly phases: readonly PhasePlan[];
  readonly onBreach: 'PAUSE' | 'ROLL_BACK';
  readonly soakPollSeconds: number;
  readonly controlPlane: { readonly onLoss: 'WAIT' | 'END'; readonly waitSeconds: number; readonly pollSeconds: number };
  readonly prechecks: {
    /** Bound of each minute's average, and of its maximum. */
    readonly lagMs: number;
    readonly lagMaxMs: number;
    /** Datapoints of one minute each that are looked at. */
    readonly lagMinutes: number;
    readonly ttlSeconds: number;
    readonly ttlLeadSeconds: number;
    readonly queues: readonly QueueReference[];
    /** Longest that a probe between the regions may have taken, in milliseconds; absent without an event mesh. */
    readonly probeMs?: number;
    readonly ownCheck?: string;
    readonly attestations: readonly string[];
    /** How old the last comparison of the documents may be; absent without `ReplicatedDocuments`: then a person attests. */
    readonly documentsSeconds?: number;
  };
  readonly window: { readonly seconds: number; readonly intervalSeconds: number; readonly settleSeconds: number };
}
