/** Shared vocabulary of the local run's parts. Parts know each other only through these. */

/** A template as CloudFormation reads it; only what the fabric looks at is typed. */
export interface CfnTemplate {
  readonly Resources: Record<string, CfnResource>;
  readonly Outputs?: Record<string, { Value: unknown; Export?: { Name: unknown } }>;
  readonly [section: string]: unknown;
}

export interface CfnResource {
  Type: string;
  Properties?: Record<string, any>;
  DependsOn?: string | string[];
  Metadata?: Record<string, unknown>;
  [attribute: string]: unknown;
}

/** One stack of the cloud assembly, in deploy order. */
export interface StackPlan {
  readonly name: string;
  readonly region: string;
  readonly templateFile: string;
  /** The template as the app synthesised it, before the rewrite. */
  readonly template: CfnTemplate;
}

/** What the app's cloud assembly asks for. */
export interface AssemblyPlan {
  readonly directory: string;
  /** Regions in which stacks are deployed, without a witness. */
  readonly regions: readonly string[];
  readonly stacks: readonly StackPlan[];
  readonly globalTables: readonly GlobalTablePlan[];
}

export interface GlobalTablePlan {
  readonly name: string;
  readonly mode: 'STRONG' | 'EVENTUAL';
  readonly replicas: readonly string[];
  readonly witness?: string;
}

/** A resource of the original templates that the emulator did not get, with intrinsics resolved as far as deployed values allow. */
export interface FabricResource {
  readonly stack: string;
  readonly region: string;
  readonly logicalId: string;
  readonly type: string;
  readonly properties: Record<string, any>;
  /** What `Ref` gives: the engine's physical ID, or one made up by the fabric for what the engine did not get. */
  readonly physicalId?: string;
  /** The template's `Metadata` of it, as it stands there. */
  readonly metadata?: Readonly<Record<string, unknown>>;
}

export type RegionState = 'running' | 'stopped';

/** One emulated region: its process, and its endpoints. */
export interface RegionHandle {
  readonly name: string;
  /** Unix socket of the emulator's own gateway. */
  readonly engineSocket: string;
  /** Port of the proxy that is the AWS endpoint of this region's functions and of the CLI. */
  readonly proxyPort: number;
  readonly state: RegionState;
  /** When the region was last stopped and resumed, epoch milliseconds. */
  readonly lastStoppedAt?: number;
  readonly lastResumedAt?: number;
  /** Freezes the region's whole process group. Idempotent. */
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Called after each change of state. */
  onChange(listener: (state: RegionState) => void): void;
}

export interface LinkState {
  readonly from: string;
  readonly to: string;
  readonly lagMs: number;
  readonly partitioned: boolean;
}

/** The network between regions, one direction at a time. */
export interface Links {
  get(from: string, to: string): LinkState;
  /** Throws on an unknown region. */
  set(from: string, to: string, change: { lagMs?: number; partitioned?: boolean }): LinkState;
  all(): LinkState[];
  onChange(listener: (link: LinkState) => void): void;
}

export interface TableStatus {
  readonly name: string;
  readonly mode: 'STRONG' | 'HOME_REGION';
  readonly replicationLagMs: number;
  readonly conflicts: number;
}

/** Values that CloudFormation gave while deploying, from the engine: physical IDs and attributes by logical ID. */
export interface DeployedStack {
  readonly name: string;
  readonly region: string;
  /** Physical resource ID by logical ID. */
  readonly physicalIds: Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, string>>;
}

/** One deployed stage of a REST API, and the custom domain names that lead to it in its region. */
export interface ApiEndpoint {
  readonly region: string;
  readonly apiId: string;
  readonly stage: string;
  /** `basePath` without slashes, empty for the whole name. */
  readonly domains: readonly { readonly name: string; readonly basePath: string }[];
}

/** Where a name leads at this moment, for one client. */
export type DnsAnswer =
  | { readonly kind: 'found'; readonly host: string; readonly target: string; readonly region: string; readonly ttlSeconds?: number }
  | { readonly kind: 'nowhere'; readonly reason: string };

/** One record set as `/_local/status` shows it. */
export interface RecordStatus {
  readonly name: string;
  readonly type: string;
  readonly routing: string;
  readonly setIdentifier?: string;
  readonly region?: string;
  readonly weight?: number;
  /** Seconds; an alias has its target's. */
  readonly ttl: number;
  readonly value: string;
  readonly healthy: boolean;
  /** Why it is unhealthy or healthy, and what its checks cost: absent without a health check. */
  readonly healthCheck?: {
    readonly id: string;
    readonly type: string;
    readonly status: string;
    readonly intervalSeconds?: number;
    readonly failureThreshold?: number;
    readonly reason: string;
    readonly since: string;
  };
}

/** The system's DNS: the templates' records and health checks, asked by the front door as a client's resolver would. */
export interface Dns {
  /** The name that clients use: the one whose records lead to an API in most regions. Absent when no record leads to an API. */
  readonly publicName?: string;
  resolve(query: { name: string; location: string; resolver?: string }): DnsAnswer;
  /** Whether at least one record that leads to the region is healthy; without records, whether its process runs. */
  regionHealthy(region: string): boolean;
  status(): RecordStatus[];
  close(): void;
}

/** The run's own token issuer, in place of the identity provider that the deployed authorizer trusts. */
export interface Issuer {
  /** Public keys, to be given to the authorizer as its fixed key set. */
  readonly jwks: { readonly keys: readonly Record<string, unknown>[] };
  /** Names of the scopes that the API asks for. */
  readonly scopes: readonly string[];
  /** A signed token for a tenant, valid for `lifetimeSeconds` (default 12 hours), with these scopes (default all). */
  token(request: { tenant: string; subject?: string; lifetimeSeconds?: number; scopes?: readonly string[] }): string;
}

/** One event bus that events cross regions from or to, as `/_local/status` shows it. */
export interface BusStatus {
  readonly region: string;
  readonly name: string;
  /** Events that arrived on another region's bus. */
  readonly sent: number;
  /** Events that arrived here from another region. */
  readonly received: number;
  /** Messages in the dead-letter queues of the bus's rules at this moment. */
  readonly deadLetters: number;
  /** Deliveries to targets of its rules that are under way or wait for another attempt. */
  readonly waiting: number;
}

export type AlarmState = 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';

/** One alarm of the templates, as `/_local/status` shows it. */
export interface AlarmStatus {
  readonly name: string;
  readonly region: string;
  readonly state: AlarmState;
  readonly reason: string;
  /** ISO 8601: since when it has been in this state. */
  readonly since: string;
  readonly composite?: true;
  /** As the template has it. */
  readonly description?: string;
}

/** A message of a topic, as its subscribers get it by e-mail. */
export interface Mail {
  /** ISO 8601. */
  readonly at: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly body: string;
  /** Addresses that stand in the body. */
  readonly links: readonly string[];
}

/** What a consumer did with one delivery of an event. */
export interface ReceivedEvent {
  readonly eventId: string;
  readonly region: string;
  readonly type: string;
  readonly paymentId: string;
  readonly traceId: string;
  /** ISO 8601. */
  readonly at: string;
  /** A further delivery that was discarded. */
  readonly duplicate: boolean;
  readonly consumer: string;
}

/** One span of a trace. Times are epoch milliseconds; one that is still open ends, for now, where it began. */
export interface TraceSegment {
  readonly id: string;
  readonly parentId?: string;
  readonly name: string;
  readonly region: string;
  readonly start: number;
  readonly end: number;
  readonly inProgress?: true;
  readonly failed?: true;
  readonly annotations?: Readonly<Record<string, unknown>>;
}

/** What the fabric knows of events, alarms and traces, for the front door. */
export interface Observed {
  buses(): readonly BusStatus[];
  alarms(): readonly AlarmStatus[];
  /** Real milliseconds that stand for a minute of alarms, schedules and failovers. */
  readonly minuteMs: number;
  /** Everything that the consumers' inboxes of running regions tell of a payment, or of the latest `limit` events. */
  events(query: { readonly paymentId?: string; readonly limit?: number }): Promise<readonly ReceivedEvent[]>;
  /** Undefined: no such trace was seen, or it is too long ago. */
  trace(traceId: string): readonly TraceSegment[] | undefined;
  /** ARNs that are targets of rules, and whether they are throttled. */
  targets(): readonly { readonly arn: string; readonly throttled: boolean }[];
  /** Makes a target refuse every delivery, or take them again. False: no rule has such a target. */
  throttle(arn: string, throttled: boolean): boolean;
}

/** One execution of a state machine. */
export interface ExecutionView {
  readonly arn: string;
  /** Name of the state machine. */
  readonly machine: string;
  readonly region: string;
  readonly status: 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED';
  /** ISO 8601. */
  readonly startedAt: string;
  readonly endedAt?: string;
  readonly input: unknown;
  readonly output?: unknown;
  readonly error?: string;
  readonly cause?: string;
  /** The state that it is in, and that state's input. */
  readonly state?: string;
  readonly data?: unknown;
  readonly waitsForToken: boolean;
}

/** A state machine of the templates; `definition` is its ASL. */
export interface StateMachineView {
  readonly name: string;
  readonly arn: string;
  readonly region: string;
  readonly definition?: any;
}

/** Page and API of an approval gate of the templates. */
export interface GateView {
  readonly name: string;
  readonly region: string;
  readonly apiId: string;
  readonly stage: string;
  readonly approvers: readonly string[];
}

/** What the fabric knows and does of state machines, approvals and the public name's records, for what watches a cutover. */
export interface CutoverFabric {
  readonly machines: readonly StateMachineView[];
  /** Rejects when the region is stopped. */
  start(machineArn: string, input: unknown, name?: string): Promise<{ readonly executionArn: string }>;
  stop(executionArn: string, cause?: string): Promise<void>;
  /** Newest first. */
  executions(): readonly ExecutionView[];
  /** Oldest first. */
  mail(): readonly Mail[];
  /** As `aws ssm get-parameters-by-path` in that region, all of them. */
  parameters(region: string, path: string): Promise<readonly { readonly name: string; readonly value: string; readonly at: string }[]>;
  /** As `aws kms get-public-key` in that region, by ID, ARN or alias: SPKI in DER and base64. */
  publicKey(region: string, key: string): Promise<{ readonly arn: string; readonly publicKey: string }>;
  /** As `aws lambda invoke` in that region. */
  invoke(region: string, functionName: string, event: unknown): Promise<any>;
  readonly gates: readonly GateView[];
  /** A token for the gate in a person's name, whoever that is; undefined where the gate takes none of the run's issuer. */
  approverToken(name: string, claims?: Readonly<Record<string, unknown>>): string | undefined;
  /** Public keys of whatever signs those, as in a key set; absent: the run's issuer does. */
  readonly approverKeys?: readonly Readonly<Record<string, unknown>>[];
  /** Holds an alarm in a state until it is let go with undefined; false: there is no such alarm. */
  forceAlarm(region: string, name: string, state: AlarmState | undefined): boolean;
  /** Has the actions of FIS' experiments skipped from now on, or not. */
  skipFaults(isSkipping: boolean): void;
  /** Route 53's own API, as somebody with rights of their own would use it. */
  route53(method: 'GET' | 'POST', path: string, body?: string): Promise<{ readonly status: number; readonly body: string }>;
}

/** What the front door is made of; `local/run.ts` puts it together. */
export interface FrontDoorDeps {
  /** Port on 127.0.0.1; 0 takes a free one. */
  readonly port: number;
  readonly regions: readonly RegionHandle[];
  readonly links: Links;
  readonly tables: { status(): readonly TableStatus[] };
  readonly dns: Dns;
  /** Absent when the app's API has no JWT authorizer. */
  readonly issuer?: Issuer;
  readonly apis: readonly ApiEndpoint[];
  /** Requests that are in the engines at once; the rest queues. Default 8. */
  readonly inFlight?: number;
  /** Absent: nothing is known of events, alarms and traces. */
  readonly observed?: Observed;
  /** Absent: the app has no state machine. */
  readonly cutover?: CutoverFabric;
  /** Address of the edge; absent: the app has no distribution. */
  readonly edgeUrl?: string;
}

export interface FrontDoor {
  readonly port: number;
  close(): Promise<void>;
}

/** What the scripted scenario needs: it sees the run from outside, through its front door. */
export interface SmokeRun {
  /** Address of the front door, without a trailing slash. */
  readonly url: string;
  /** Asks something of the operator's function of a region; absent where no account has a home. */
  readonly operate?: (region: string, event: object) => Promise<any>;
  /** Outputs of the app's stacks by region, for what an app says of itself; default none. */
  readonly stacks?: readonly Pick<DeployedStack, 'region' | 'outputs'>[];
  /** Process IDs whose memory counts as the run's; absent: memory is not reported. */
  readonly processIds?: () => readonly number[];
  /** Where the figures go; default standard output. */
  readonly print?: (line: string) => void;
}
