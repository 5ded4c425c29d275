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
}

export type RegionState = 'running' | 'stopped';

/** One emulated region: its process, and its endpoints. */
export interface RegionHandle {
  readonly name: string;
  /** Port of the emulator's own gateway. */
  readonly enginePort: number;
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

export interface LinkState { readonly from: string; readonly to: string; readonly lagMs: number; readonly partitioned: boolean }

/** The network between regions, one direction at a time. */
export interface Links {
  get(from: string, to: string): LinkState;
  /** Throws on an unknown region. */
  set(from: string, to: string, change: { lagMs?: number; partitioned?: boolean }): LinkState;
  all(): LinkState[];
  onChange(listener: (link: LinkState) => void): void;
}

export interface TableStatus { readonly name: string; readonly mode: 'STRONG' | 'HOME_REGION'; readonly replicationLagMs: number; readonly conflicts: number }

/** Values that CloudFormation gave while deploying, from the engine: physical IDs and attributes by logical ID. */
export interface DeployedStack {
  readonly name: string;
  readonly region: string;
  /** Physical resource ID by logical ID. */
  readonly physicalIds: Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, string>>;
}
