/** A stack of the app, as its cloud assembly tells of it. */
export interface PlannedStack {
  /** Its name at CloudFormation. */
  readonly name: string;
  /** Its path in the app, for messages. */
  readonly id: string;
  /** Undefined where the app leaves the account to the credentials. */
  readonly account?: string;
  /** Undefined where the app leaves the region to the settings of the caller. */
  readonly region?: string;
  /** What its deployment asks of the bootstrap stack; undefined: nothing. */
  readonly bootstrap?: { readonly parameter: string; readonly version: number };
  readonly template: Template;
  /** What the deployment gives for parameters of the template, by their names. */
  readonly parameters?: Readonly<Record<string, string>>;
}

/** A stack's resources by their logical IDs, and what its texts are once its account and region are known. */
export interface ReadStack {
  readonly region: string;
  readonly account: string;
  readonly resources: Readonly<Record<string, TemplateResource>>;
  /** Undefined where only CloudFormation knows the text. */
  readonly text: (value: unknown) => string | undefined;
}

export interface Template {
  readonly Parameters?: Readonly<Record<string, { readonly Type?: unknown; readonly Default?: unknown }>>;
  readonly Resources?: Readonly<Record<string, TemplateResource>>;
}

export interface TemplateResource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
}

/** Kinds of resources that outlive their stack, so that a name may be taken by what an earlier deployment left. */
export type NamedKind = 'table' | 'bucket' | 'alias';

export interface PlannedName {
  readonly kind: NamedKind;
  readonly name: string;
  readonly region: string;
  /** Region of the stack that owns it: a replica belongs to the stack of its table. */
  readonly owner: string;
}

/** What a stack has at CloudFormation. */
export interface OwnedResource {
  readonly type: string;
  readonly id: string;
}

/** What the app asks of one region. */
export interface PlannedRegion {
  readonly region: string;
  /** It has a stack of the app; a replica's or witness's region may have none. */
  readonly stacks: readonly PlannedStack[];
  readonly reservedConcurrency: number;
  readonly functions: number;
  /** Names that are known before the deployment. */
  readonly names: number;
  readonly tables: number;
  /** The most rules of one bus. */
  readonly rules: number;
  readonly apis: number;
  readonly alarms: number;
  /** Alarms that no topic is told of, and no experiment of AWS FIS is stopped by. */
  readonly silentAlarms: number;
  /** Topics that alarms tell, as far as their names are known before the deployment. */
  readonly topics: readonly PlannedTopic[];
  /** Names in the parameter store, from which CloudFormation fills templates in. */
  readonly parameters: readonly string[];
  /** Secrets that the app reads and does not make. */
  readonly secrets: readonly PlannedSecret[];
}

export interface PlannedSecret {
  readonly name: string;
  readonly region: string;
  readonly account: string;
}

export interface PlannedTopic {
  readonly arn: string;
  /** By the app. */
  readonly isMade: boolean;
  /** The app makes a subscription to it. */
  readonly isSubscribed: boolean;
}

export interface Plan {
  readonly regions: readonly PlannedRegion[];
  /** Regions of strongly consistent tables, replicas and witnesses. */
  readonly strong: readonly string[];
  readonly names: readonly PlannedName[];
  /** Stacks whose region the app and the settings leave open. */
  readonly unplaced: readonly PlannedStack[];
  readonly healthChecks: number;
  /** Hosted zones by their ID, which take records of the app. */
  readonly zones: readonly string[];
  readonly certificates: readonly PlannedCertificate[];
}

export interface PlannedCertificate {
  readonly arn: string;
  /** Where AWS wants it: the region of the API, or us-east-1 for a distribution. */
  readonly region: string;
  readonly of: string;
}

export type Verdict = 'pass' | 'warn' | 'fail';

/** One line of the table. */
export interface Finding {
  readonly region: string;
  readonly check: string;
  readonly verdict: Verdict;
  readonly detail: string;
  /** How to put it right; absent where it passed. */
  readonly fix?: string;
}

/** A finding before its place is known. */
export type Judged = Omit<Finding, 'region' | 'check'>;

export const pass = (detail: string): Judged => ({ verdict: 'pass', detail });
export const warn = (detail: string, fix: string): Judged => ({ verdict: 'warn', detail, fix });
export const fail = (detail: string, fix: string): Judged => ({ verdict: 'fail', detail, fix });

export interface SecretState {
  /** Its deletion is scheduled: until then it can be restored, and not be read. */
  readonly isDeleted: boolean;
  /** A version of it is staged AWSCURRENT, which readers get. */
  readonly hasValue: boolean;
}

export interface TopicState {
  /** Subscriptions that are confirmed. */
  readonly confirmed: number;
  /** Key that its messages are encrypted with; undefined: they are not. */
  readonly key?: string;
  /** Its policy, as JSON. */
  readonly policy?: string;
}

/** What the checks ask of AWS. Each may reject: then the check cannot tell, and says why. */
export interface PreflightPorts {
  /** Account of the credentials. */
  account(region: string): Promise<string>;
  /** Whether a region is enabled in the account, in AWS's words, such as `ENABLED_BY_DEFAULT`. */
  regionStatus(region: string): Promise<string>;
  /** A text in the parameter store; undefined: there is none. */
  parameter(region: string, name: string): Promise<string | undefined>;
  /** Status of a stack; undefined: it does not exist. */
  stackStatus(region: string, name: string): Promise<string | undefined>;
  /** Empty where there is no such stack. */
  stackResources(region: string, name: string): Promise<readonly OwnedResource[]>;
  /** Of the functions that may run at once, those that no function has reserved. */
  unreservedConcurrency(region: string): Promise<number>;
  exists(name: PlannedName): Promise<boolean>;
  /** A secret, without its content; undefined: there is none. */
  secret(region: string, name: string): Promise<SecretState | undefined>;
  /** Undefined: there is no such topic. */
  topic(region: string, topicArn: string): Promise<TopicState | undefined>;
  tableCount(region: string): Promise<number>;
  quota(region: string, code: QuotaCode): Promise<number>;
  healthChecks(): Promise<{ readonly used: number; readonly limit: number }>;
  zone(id: string): Promise<{ readonly name: string; readonly isPrivate: boolean; readonly nameServers: readonly string[] } | undefined>;
  /** Name servers that the domain's parent gives; empty: none. */
  delegatedTo(domain: string): Promise<readonly string[]>;
  certificate(arn: string): Promise<{ readonly status: string; readonly notAfter?: Date } | undefined>;
  nowMs(): number;
}

/** Quotas by the service and the code that Service Quotas has for them. */
export type QuotaCode = 'lambda L-B99A9384' | 'apigateway L-8A5B8E43' | 'dynamodb L-F98FE922' | 'events L-244521F2';
